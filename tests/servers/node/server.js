const cluster = require('cluster');
const fs = require('fs');

function primary() {
  let worker = cluster.fork();
  fs.writeFileSync('primary.pid', `${process.pid}\n`);
  process.on('SIGHUP', () => {
    const old = worker;
    const doors = new Set();
    worker = cluster.fork();
    worker.on('listening', (address) => {
      doors.add(address.port);
      if (doors.size === 2) old.disconnect();
    });
    old.on('exit', () => console.log('the old worker is gone'));
  });
}

function worker() {
  const tls = { cert: fs.readFileSync('certificate.pem'), key: fs.readFileSync('key.pem') };
  function answer(request, response) {
    response.setHeader('Connection', 'close');
    response.end(`listener ${this.address().port}, connection ${request.socket.localPort}\n`);
  }
  require('http').createServer(answer).listen(80);
  require('https').createServer(tls, answer).listen(443);
}

if (cluster.isPrimary) primary(); else worker();
