// A stand-in server for working on the pages: canned states, a small script, no telephony. Not part of the product.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { WebSocketServer } from 'ws';
import { makeDesk } from './mock-desk.mjs';
import { consoleState, consoleRoutes } from './mock-console.mjs';

const port = Number(process.env.PORT ?? 5180);
const root = process.env.CALLWRIGHT_WEB_OUT ?? join(import.meta.dirname, '../../dialer/http/static');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const csp = "default-src 'self'; connect-src 'self' ws:; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

const sockets = new Set();
const desk = makeDesk(() => sockets.forEach((socket) => socket.view === 'desk' && socket.send(frame())));
const stream = `mock-${Date.now()}`;
let seq = 0;
let role = process.env.ROLE ?? 'operator';
const frame = () => JSON.stringify({ type: 'desk', stream, seq: ++seq, desk: desk.view() });

const send = (response, status, body, type = 'application/json') => {
  response.writeHead(status, { 'Content-Type': type, 'Content-Security-Policy': csp });
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
};
const problem = (response, { code, status = 409, params = {} }) =>
  send(response, status, { type: 'about:blank', title: code, status, code, params }, 'application/problem+json');

async function read(request) {
  let text = '';
  for await (const part of request) text += part;
  return text ? JSON.parse(text) : {};
}

function api(path, body, request, response) {
  if (path === '/api/v1/login') {
    if (body.password !== 'demo') return problem(response, { code: 'login_wrong', status: 401 });
    role = body.login.startsWith('super') ? 'supervisor' : 'operator';
    return send(response, 200, { role, language: 'ru', home: role === 'operator' ? '/operator' : '/console' });
  }
  if (path === '/api/v1/me') {
    if (request.method === 'POST') desk.me(body);
    return send(response, 200, { ...desk.view().operator, role });
  }
  if (path.startsWith('/api/v1/desk/')) {
    const trouble = desk.act(path.slice('/api/v1/desk/'.length), body);
    if (trouble) return problem(response, trouble);
    return send(response, 200, JSON.parse(frame()));
  }
  if (path === '/api/v1/mock') return send(response, 200, desk.force(body) ?? {});
  if (path === '/api/v1/mock/drop') {
    sockets.forEach((socket) => socket.terminate());
    return send(response, 200, {});
  }
  const answer = consoleRoutes(path, new URL(request.url, 'http://x').searchParams);
  if (Buffer.isBuffer(answer)) return sound(answer, request, response);
  return answer ? send(response, 200, answer) : problem(response, { code: 'not_found', status: 404 });
}

function sound(wav, request, response) {
  const asked = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
  const from = Number(asked?.[1] ?? 0);
  const to = Number(asked?.[2] || wav.length - 1);
  response.writeHead(asked ? 206 : 200, {
    'Content-Type': 'audio/wav',
    'Accept-Ranges': 'bytes',
    'Content-Range': `bytes ${from}-${to}/${wav.length}`,
    'Content-Length': to - from + 1,
  });
  response.end(wav.subarray(from, to + 1));
}

function file(path, response) {
  const name = { '/': 'login.html', '/login': 'login.html', '/operator': 'operator.html', '/console': 'console.html' }[path];
  const at = join(root, name ?? path);
  if (!existsSync(at)) return send(response, 404, 'no');
  send(response, 200, readFileSync(at), types[extname(at)] ?? 'application/octet-stream');
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://x');
  if (!pathname.startsWith('/api/')) return file(pathname, response);
  api(pathname, request.method === 'POST' ? await read(request) : {}, request, response);
});
const live = new WebSocketServer({ server, path: '/api/v1/live' });
live.on('connection', (socket, request) => {
  socket.view = request.url.includes('view=console') ? 'console' : 'desk';
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  const state = () => JSON.stringify({ type: 'console', stream, seq: ++seq, console: consoleState() });
  socket.send(socket.view === 'desk' ? frame() : state());
  if (socket.view === 'console') {
    const timer = setInterval(() => socket.send(state()), 1000);
    socket.on('close', () => clearInterval(timer));
  }
});
server.listen(port, '127.0.0.1', () => console.log(`mock: http://127.0.0.1:${server.address().port}`));
