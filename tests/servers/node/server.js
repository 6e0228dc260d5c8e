const fs = require('fs');

const answer = (request, response) => response.end(`port ${request.socket.localPort}\n`);
require('http').createServer(answer).listen(80);
require('https').createServer({ key: fs.readFileSync('key.pem'), cert: fs.readFileSync('certificate.pem') }, answer).listen(443);
