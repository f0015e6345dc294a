// A client of one tenant, that never rests.
import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

export function ask(address, slug) {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, path: "/", agent, headers: { host: `${slug}.example.com` } }, (response) => {
      let body = "";
      response.on("data", (data) => (body += data));
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    request.on("error", reject);
  });
}

/// Asks every 20 ms, and notes when the answer changes.
export function running(address, slug) {
  const seen = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const { status } = await ask(address, slug);
      if (seen.at(-1)?.status !== status) seen.push({ status, at: Date.now() });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    seen,
    last: () => seen.at(-1)?.status,
    stop: async () => {
      going = false;
      await done;
    },
  };
}

/// Waits until something is so, for ten seconds.
export async function until(what, isSo) {
  const end = Date.now() + 10_000;
  for (;;) {
    const value = await isSo();
    if (value) return value;
    if (Date.now() > end) throw new Error(`it never came to be so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
