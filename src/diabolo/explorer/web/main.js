// The page: what stands in it, or what its server holds, is shown.
import { explore } from "./explorer.js";
import { unpacked } from "./unpack.js";

async function start() {
  const root = document.getElementById("diabolo");
  const given = document.getElementById("blob").textContent;
  try {
    const head = JSON.parse(document.getElementById("head").textContent);
    const linked = location.protocol !== "about:"; // a frame has no address
    root.explorer = await explore(root, head, await unpacked(given), { linked });
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    root.append(
      Object.assign(document.createElement("p"), {
        className: "note",
        textContent: `This page cannot be shown: ${error.message}`,
      }),
    );
    throw error;
  }
}

start();
