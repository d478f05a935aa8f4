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
const NEVER = "never"; // an application that does not get its new token
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
      if (token === NEVER) return new Promise(() => {});
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

  tell(event, told, channel) {
    const plain = this.plain(told);
    say({ client: this.name, channel: channel ?? plain.channel ?? null, server: channel === null, event, told: plain });
  }

  plain(told) {
    return JSON.parse(JSON.stringify(told, function (key, item) {
      const bytes = this[key]; // a Buffer makes itself something else before it gets here
      if (!(bytes instanceof Uint8Array)) return item;
      return bytes.length === 0 ? null : JSON.parse(new TextDecoder().decode(bytes));
    }));
  }

  subscribe({ channel, states, options }) {
    const loading = states === undefined ? {} : { getState: async () => {
      this.tell("loading", {}, channel);
      return states.shift();
    } };
    this.follow(channel, this.sdk.newSubscription(channel, { ...DELAYS, ...options, ...loading }));
  }

  follow(channel, subscription) {
    for (const event of ["subscribing", "subscribed", "unsubscribed", "publication", "join", "leave", "error"])
      subscription.on(event, (told) => this.tell(event, told, channel));
    this.subscriptions.set(channel, subscription);
    subscription.subscribe();
  }
}

const DELAYS = { minResubscribeDelay: 50, maxResubscribeDelay: 500 };
const FILTER = { key: "kind", cmp: "eq", val: "comment" };
const orders = {
  open: (order) => void clients.set(order.client, new Peer(order)),
  connect: (_, peer) => peer.sdk.connect(),
  disconnect: (_, peer) => peer.sdk.disconnect(),
  subscribe: (order, peer) => peer.subscribe(order),
  filter: ({ channel }, peer) => peer.follow(channel, peer.sdk.newSubscription(channel, { tagsFilter: FILTER })),
  map: ({ channel }, peer) => peer.follow(channel, peer.sdk.newMapSubscription(channel)),
  again: ({ channel }, peer) => peer.subscriptions.get(channel).subscribe(),
  unsubscribe: ({ channel }, peer) => peer.subscriptions.get(channel).unsubscribe(),
  rpc: async ({ method, data }, peer) => peer.plain((await peer.sdk.rpc(method, peer.out(data))).data),
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
    say({ order: order.order, result: result ?? null });
  } catch (error) {
    say({ order: order.order, error: { code: error.code ?? 0, message: error.message } });
  }
}).on("close", () => process.exit(0));
