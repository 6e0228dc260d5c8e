const generation = require('fs').readFileSync('generation', 'utf8').trim();
const server = require('http').createServer((request, response) => {
  response.setHeader('Connection', 'close');
  response.end(`listener ${server.address().port}, connection ${request.socket.localPort}, generation ${generation}\n`);
});
server.listen(80);
