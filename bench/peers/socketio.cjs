// Socket.IO 4 over WebSocket alone, one room, with the Redis adapter: socketio.cjs PORT REDIS_PORT
// A POST to /publish is emitted to the room, as an application server would.
const http = require("http");
const { Server } = require("socket.io");
const { createClient } = require("redis");
const { createAdapter } = require("@socket.io/redis-adapter");

const [port, redisPort] = process.argv.slice(2).map(Number);
let io;
const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    io.to("bench").emit("action", JSON.parse(Buffer.concat(parts)));
    response.writeHead(204);
    response.end();
  });
});
server.keepAliveTimeout = 600_000;

async function main() {
  const publisher = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, httpCompression: false, connectTimeout: 60_000 });
  io.adapter(createAdapter(publisher, subscriber));
  io.on("connection", (socket) => socket.join("bench"));
  server.listen(port, "127.0.0.1", 4096);
}

main();
