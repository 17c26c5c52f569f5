// The same with node's own http: PORT RATE.
import http from 'node:http';

const [port, rate] = process.argv.slice(2).map(Number);
const readers = new Set();

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/api/health')) {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end('{"status":"ok"}');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write('data: {"type":"hello","payload":{}}\n\n');
  readers.add(response);
  response.on('close', () => readers.delete(response));
});

let number = 0;
setInterval(() => {
  number += 1;
  const payload = { deploy: 42, level: 'info', text: 'Pulling shop:dev-7, layer 3 of 9' };
  const event = { type: 'deploy_status', topic: 'state', at: Date.now() / 1000, payload };
  const frame = Buffer.from(`id: ${number}\ndata: ${JSON.stringify(event)}\n\n`);
  for (const reader of readers) reader.write(frame);
}, 1000 / rate);
setInterval(() => {
  for (const reader of readers) reader.write('data: {"type":"ping","payload":{}}\n\n');
}, 10_000);

server.listen({ port, host: '127.0.0.1', backlog: 4096 });
