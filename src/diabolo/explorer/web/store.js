// What the page shows: values by name; whoever listens to a name hears of its changes.

export class Store {
  constructor(values) {
    this.values = values;
    this.heard = new Map();
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    if (Object.is(this.values[name], value)) return;
    this.values[name] = value;
    for (const run of this.heard.get(name) ?? []) run(value);
  }

  // Tells those who listen once more.
  again(names) {
    for (const name of names.split(" ")) for (const run of this.heard.get(name) ?? []) run(this.values[name]);
  }

  on(names, run) {
    for (const name of names.split(" ")) this.heard.set(name, [...(this.heard.get(name) ?? []), run]);
  }
}
