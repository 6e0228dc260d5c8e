const express = require('express');

for (const door of [80, 3000]) {
  const app = express();
  const server = app.listen(door, (error) => {
    if (error) throw error;
    console.log(`listening on ${server.address().port}`);
  });
  app.get('/', (request, response) => {
    response.type('text').send(`listener ${server.address().port}, connection ${request.socket.localPort}\n`);
  });
}
