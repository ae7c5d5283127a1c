const PAUSE_MILLISECONDS = 1000;
const FORBIDDEN = 4403;
const TEMPORARY = ["UNAVAILABLE", "TOO_SLOW"];

/**
 * Follows a subscription over a WebSocket of its own, and resumes after the last event. The session of the browser is the
 * credential. `told` returns the cursor of its event. Returns a function that ends the subscription.
 */
export function followBySocket(url, query, after, { told, failed }) {
  let socket;
  let timer;
  let ended = false;
  const answers = {
    connection_ack: () => send({ id: "1", type: "subscribe", payload: { query, variables: { after } } }),
    ping: () => send({ type: "pong" }),
    next({ payload }) {
      if (payload.errors) failed(payload.errors);
      else after = told(payload.data);
    },
    error({ payload }) {
      ended = !TEMPORARY.includes(payload[0].extensions.code);
      if (ended) failed(payload);
      socket.close();
    },
  };
  const send = (message) => socket.send(JSON.stringify(message));
  const connect = () => {
    socket = new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws");
    socket.addEventListener("open", () => send({ type: "connection_init" }));
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      answers[message.type]?.(message);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (code === FORBIDDEN) failed([{ message: reason }]);
      else if (!ended) timer = setTimeout(connect, PAUSE_MILLISECONDS);
    });
  };
  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket.close();
  };
}
