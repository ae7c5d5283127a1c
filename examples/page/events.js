const PAUSE_MILLISECONDS = 1000;
const TEMPORARY = ["UNAVAILABLE", "TOO_SLOW"];

/**
 * Follows a subscription by an EventSource. After a cut, the browser connects again by itself and sends the cursor of the
 * last event. `told` returns the cursor of its event. Returns a function that ends the subscription.
 */
export function followByEvents(url, query, after, { told, failed }) {
  let source;
  let timer;
  const again = () => {
    source.close();
    timer = setTimeout(connect, PAUSE_MILLISECONDS);
  };
  const connect = () => {
    const parameters = new URLSearchParams({ query, variables: JSON.stringify({ after }) });
    source = new EventSource(`${url}?${parameters}`, { withCredentials: true });
    source.addEventListener("next", (event) => {
      const { data, errors } = JSON.parse(event.data);
      if (!errors) after = told(data);
      else if (TEMPORARY.includes(errors[0].extensions.code)) again();
      else failed(errors);
    });
    source.addEventListener("complete", () => source.close());
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) again(); // The server has refused the connection.
    });
  };
  connect();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
