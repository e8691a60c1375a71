// What runs beside the agent where the sandbox is on another machine, with nothing of ours there but its own standard input and output:
// it listens on the sandbox's 127.0.0.1, carries each question to the gateway through them, one after the other, and starts the agent.
// Frames: a type, the number of the connection and the length of what follows, both as 32 bits, high byte first. See QwenTunnel.cs.
'use strict';
const { spawn } = require('child_process');
const { writeFileSync } = require('fs');
const http = require('http');
const { Duplex } = require('stream');

const header = 9;
const mostQuestion = 16 << 20;
const settingsFile = '/tmp/qwen-settings.json';
let connections = 0;
let open = null;
let questions = Promise.resolve();
let agent = null;

// Standard output is a pipe, on which writing waits until there is room.
function send(type, connection, bytes = Buffer.alloc(0)) {
  const frame = Buffer.alloc(header + bytes.length);
  frame.write(type, 0, 'latin1');
  frame.writeUInt32BE(connection, 1);
  frame.writeUInt32BE(bytes.length, 5);
  bytes.copy(frame, header);
  process.stdout.write(frame);
}

function connect() {
  const connection = ++connections;
  open = new Duplex({
    read() {},
    write(bytes, _, done) { if (bytes.length) send('Q', connection, bytes); done(); },
    destroy(error, done) {
      if (open === this) open = null;
      send('E', connection);
      done(error);
    },
  });
  open.connection = connection;
  return open;
}

function carry(question, body, reply) {
  return new Promise((done) => {
    if (reply.destroyed) return done();
    const channel = connect();
    channel.on('close', done);
    reply.on('close', () => channel.destroy());
    const headers = { ...question.headers, connection: 'close', 'content-length': body.length };
    delete headers['transfer-encoding'];
    http.request({ method: question.method, path: question.url, headers, createConnection: () => channel }, (answer) => {
      reply.writeHead(answer.statusCode, answer.headers);
      reply.flushHeaders();
      answer.pipe(reply);
      answer.on('error', () => reply.destroy());
    }).on('error', () => reply.destroy()).end(body);
  });
}

function start(opening, port) {
  writeFileSync(settingsFile, opening.settings);
  agent = spawn(process.execPath, process.argv.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      // Its own files: in a folder that is empty at every start, never in a HOME that a repository's commands have written in.
      QWEN_HOME: '/tmp/qwen',
      QWEN_CODE_SYSTEM_SETTINGS_PATH: settingsFile,
    },
  });
  agent.stdout.on('data', (bytes) => send('O', 0, bytes));
  // It may end without reading; its exit code says why.
  agent.stdin.on('error', () => {});
  agent.stdin.end(opening.prompt);
  agent.on('error', (error) => { console.error(error.message); process.exit(126); });
  agent.on('close', (code) => process.exit(code ?? 137));
  // What it left in the background may hold its output open.
  agent.on('exit', (code) => setTimeout(() => process.exit(code ?? 137), 1000));
}

const server = http.createServer((question, reply) => {
  const parts = [];
  let length = 0;
  question.on('data', (bytes) => {
    length += bytes.length;
    if (length > mostQuestion) question.destroy();
    else parts.push(bytes);
  });
  question.on('error', () => {});
  question.on('end', () => { questions = questions.then(() => carry(question, Buffer.concat(parts), reply)); });
});

server.listen(0, '127.0.0.1', () => {
  let rest = Buffer.alloc(0);
  process.stdin.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= header && rest.length >= header + rest.readUInt32BE(5)) {
      const type = String.fromCharCode(rest[0]);
      const [connection, end] = [rest.readUInt32BE(1), header + rest.readUInt32BE(5)];
      const content = rest.subarray(header, end);
      rest = rest.subarray(end);
      if (type === 'S') start(JSON.parse(content.toString()), server.address().port);
      // What still comes of a question that was given up is nobody's.
      else if (open && open.connection === connection) open.push(type === 'A' ? Buffer.from(content) : null);
    }
  });
  // Nobody waits any more.
  process.stdin.on('end', () => {
    if (agent) agent.kill('SIGKILL');
    process.exit(1);
  });
  send('R', 0);
});
