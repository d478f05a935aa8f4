// Drives the official JavaScript SDK: takes orders as lines of JSON, and tells as lines of JSON what the SDK says.
// {"order": 7, "do": "rpc", "client": "a", ...} is answered by {"order": 7, "result": ...} or {"order": 7, "error": ...};
// events come by themselves: {"client": "a", "channel": "customer:1", "event": "publication", "told": {...}}.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { EventSource } from "./event_source.mjs";

const sdk = process.argv[2]; // the folder of the package
const builds = {
  json: await import(pathToFileURL(`${sdk}/build/index.mjs`)),
  protobuf: await import(pathToFileURL(`${sdk}/build/protobuf/index.mjs`)),
};
const clients = new Map();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

class Peer {
  constructor({ client, codec, transport, url, tokens }) {
    this.name = client;
    this.binary = codec === "protobuf";
    this.subscriptions = new Map();
    const socket = transport === "websocket";
    const endpoint = socket
      ? `${url.replace("http", "ws")}/connection/websocket`
      : [{ transport, endpoint: `${url}/connection/${transport}` }];
    const { Centrifuge, UnauthorizedError } = builds[codec];
    const getToken = async () => {
      const token = tokens.shift();
      if (token === undefined) throw new UnauthorizedError("no token left");
      return token;
    };
    this.sdk = new Centrifuge(endpoint, {
      token: tokens.shift() ?? "",
      getToken: tokens.length > 0 ? getToken : null,
      emulationEndpoint: `${url}/emulation`,
      minReconnectDelay: 50,
      maxReconnectDelay: 500,
      websocket: globalThis.WebSocket,
      eventsource: EventSource,
      fetch: globalThis.fetch,
      readableStream: globalThis.ReadableStream,
    });
    for (const event of ["connecting", "connected", "disconnected", "error", "subscribed", "subscribing",
      "unsubscribed", "publication"]) this.sdk.on(event, (told) => this.tell(event, told, null));
  }

  // Payloads are JSON: in Protobuf the SDK takes and gives their bytes.
  out(value) {
    return this.binary ? new TextEncoder().encode(JSON.stringify(value)) : value;
  }

  in(value) {
    return value instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(value)) : value;
  }

  tell(event, told, channel) {
    const plain = JSON.parse(JSON.stringify(told, (_, value) => (value instanceof Uint8Array ? this.in(value) : value)));
    say({ client: this.name, channel: channel ?? plain.channel ?? null, server: channel === null, event, told: plain });
  }

  plain(result) {
    return JSON.parse(JSON.stringify(result, (_, value) => (value instanceof Uint8Array ? this.in(value) : value)));
  }

  subscribe({ channel, states, options }) {
    const loading = states === undefined ? {} : { getState: async () => {
      this.tell("loading", {}, channel);
      return states.shift();
    } };
    const subscription = this.sdk.newSubscription(channel, {
      minResubscribeDelay: 50, maxResubscribeDelay: 500, ...options, ...loading,
    });
    for (const event of ["subscribing", "subscribed", "unsubscribed", "publication", "join", "leave", "error"])
      subscription.on(event, (told) => this.tell(event, told, channel));
    this.subscriptions.set(channel, subscription);
    subscription.subscribe();
  }
}

const orders = {
  open: (order) => void clients.set(order.client, new Peer(order)),
  connect: (_, peer) => peer.sdk.connect(),
  disconnect: (_, peer) => peer.sdk.disconnect(),
  subscribe: (order, peer) => peer.subscribe(order),
  again: ({ channel }, peer) => peer.subscriptions.get(channel).subscribe(),
  unsubscribe: ({ channel }, peer) => peer.subscriptions.get(channel).unsubscribe(),
  rpc: async ({ method, data }, peer) => peer.in((await peer.sdk.rpc(method, peer.out(data))).data),
  publish: async ({ channel, data }, peer) => peer.sdk.publish(channel, peer.out(data)),
  send: async ({ data }, peer) => peer.sdk.send(peer.out(data)),
  presence: async ({ channel }, peer) => peer.plain(await peer.sdk.presence(channel)),
  presence_stats: async ({ channel }, peer) => peer.sdk.presenceStats(channel),
  history: async ({ channel, options }, peer) => peer.plain(await peer.sdk.history(channel, options)),
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const order = JSON.parse(line);
  try {
    const result = await orders[order.do](order, clients.get(order.client));
    say({ order: order.order, result: order.do === "subscribe" ? null : result ?? null });
  } catch (error) {
    say({ order: order.order, error: { code: error.code ?? 0, message: error.message } });
  }
}).on("close", () => process.exit(0));
