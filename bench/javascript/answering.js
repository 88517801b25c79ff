'use strict';

// A push service that takes everything: 201 to each POST, over HTTP/2 or HTTP/1.1 as the client likes. What is measured is
// who sends to it, so it does as little as it can. GET says how many it has taken, and the CPU time that this cost.

const fs = require('node:fs');
const http2 = require('node:http2');

const [certificateFile, keyFile] = process.argv.slice(2);
let taken = 0;

const server = http2.createSecureServer({
  cert: fs.readFileSync(certificateFile),
  key: fs.readFileSync(keyFile),
  allowHTTP1: true,
  settings: { maxConcurrentStreams: 100 }, // as the large push services have it, or near it
});

function place() {
  taken += 1;
  return `https://localhost/m/${taken}`;
}

server.on('request', (request, response) => {
  request.resume();
  if (request.method === 'GET') {
    const { user, system } = process.cpuUsage();
    response.end(JSON.stringify({ taken, cpu_seconds: (user + system) / 1e6 }));
  } else {
    response.writeHead(201, { location: place(), 'content-length': 0 });
    response.end();
  }
});

// HTTP/2 without the layer that makes it look like HTTP/1.1, which costs as much again.
server.removeAllListeners('stream');
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.resume();
  stream.respond({ ':status': 201, location: place() }, { endStream: true });
});

server.on('sessionError', () => {});
server.listen(0, '127.0.0.1', () => console.log(`Taking pushes on ${server.address().port}`));
