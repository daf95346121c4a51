// The row that somebody pasted, as a line of a table or as JSON.
import { called, plural } from "./dom.js";

const NAMED = 12; // names of columns that are told

export function listed(names) {
  return names.slice(0, NAMED).map(called).join(", ") + (names.length > NAMED ? ", …" : "");
}

// The cells of a row that somebody pasted: {name: text}
export function pasted(text, names) {
  if (/^\s*[[{]/.test(text)) return fromJson(text, names);
  const lines = text.split(/\r?\n/).filter((line) => line.trim()); // a cell at an end may be empty: tabs stay
  const sign = ["\t", ";", ","].find((s) => lines[0].split(s).length > 1) ?? ",";
  const [first, ...rest] = lines.map((line) => cellsOfLine(line, sign));
  const header = rest.length > 0 && first.some((name) => names.includes(name));
  if (rest.length > (header ? 1 : 0)) throw new Error(`there are ${lines.length - (header ? 1 : 0)} rows: paste one`);
  const [heads, cells] = header ? [first, rest[0]] : [names, first];
  if (cells.length !== heads.length) throw new Error(unlike(cells, heads));
  const other = heads.find((name) => !names.includes(name)); // a row of a file may have more columns than the model
  if (other !== undefined && !names.every((name) => heads.includes(name)))
    throw new Error(`there is no column ${JSON.stringify(other)}`);
  return Object.fromEntries(heads.map((name, j) => [name, cells[j]]));
}

function unlike(cells, heads) {
  const found = `the row has ${plural(cells.length, "value")}`;
  const counted = `${found}, but there are ${plural(heads.length, "column")}: ${listed(heads)}`;
  const remedy = "Put a comma, a semicolon or a tab between values; spaces do not separate them";
  return cells.length > 1 ? counted : `${counted}. ${remedy}`;
}

function fromJson(text, names) {
  let found = null;
  try {
    found = JSON.parse(text);
  } catch {}
  if (Array.isArray(found) && found.length === 1) [found] = found;
  if (found === null || typeof found !== "object" || Array.isArray(found))
    throw new Error('this is no JSON of one row, such as {"name": 1}');
  const other = Object.keys(found).find((name) => !names.includes(name));
  if (other !== undefined) throw new Error(`there is no column ${JSON.stringify(other)}`);
  return Object.fromEntries(Object.entries(found).map(([name, v]) => [name, v === null ? "" : String(v)]));
}

function cellsOfLine(line, sign) {
  const found = [];
  const pattern = /"((?:[^"]|"")*)"|([^\t;,]*)/y;
  for (let at = 0; at <= line.length; at++) {
    if (line[at] === '"') {
      pattern.lastIndex = at;
      const [whole, text] = pattern.exec(line);
      if (text === undefined) throw new Error("a quotation mark is not closed");
      found.push(text.replaceAll('""', '"'));
      at += whole.length;
    } else {
      const end = line.indexOf(sign, at) < 0 ? line.length : line.indexOf(sign, at);
      found.push(line.slice(at, end).trim());
      at = end;
    }
  }
  return found;
}
