const fs = require('fs');
const fastify = require('fastify');

const https = { cert: fs.readFileSync('certificate.pem'), key: fs.readFileSync('key.pem') };
for (const [port, options] of [[80, {}], [443, { https }]]) {
  const server = fastify({ logger: true, ...options });
  server.get('/', async (request) => `listener ${server.server.address().port}, connection ${request.socket.localPort}\n`);
  server.listen({ port, host: '::' }).catch((error) => { console.error(error); process.exit(1); });
}
