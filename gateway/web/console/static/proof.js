// Checks a log proof (C2SP tlog-proof) with nothing but the proof, a certificate and the browser's own cryptography.
// `checkProof` gives every step it took, in order; the first that fails is the last.
const text = (vi, en) => (document.documentElement.lang === "en" ? en : vi);
const utf8 = new TextEncoder();

const bytesOf = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const equal = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// RFC 6962, section 2.1: leaves and nodes have different prefixes.
const hashLeaf = (entry) => sha256(Uint8Array.of(0), entry);
const hashNode = (left, right) => sha256(Uint8Array.of(1), left, right);

export function readProof(raw) {
  const [head, ...rest] = raw.split("\n\n");
  const [form, extra, index, ...hashes] = head.split("\n");
  const note = rest.join("\n\n");
  const divide = note.lastIndexOf("\n\n");
  if (form !== "c2sp.org/tlog-proof@v1" || !extra?.startsWith("extra ") || !/^index (0|[1-9]\d*)$/.test(index ?? "") || divide < 0) throw new Error("form");
  const signed = note.slice(0, divide + 1);
  const [origin, size, root] = signed.split("\n");
  if (!/^(0|[1-9]\d*)$/.test(size)) throw new Error("form");
  const lines = note.slice(divide + 2).split("\n").filter(Boolean).map((line) => {
    const found = /^\u2014 (\S+) (\S+)$/.exec(line);
    if (!found) throw new Error("form");
    const value = bytesOf(found[2]);
    return { name: found[1], keyId: value.slice(0, 4), value: value.slice(4) };
  });
  return { entry: bytesOf(extra.slice(6)), index: BigInt(index.slice(6)), hashes: hashes.map(bytesOf), signed, origin, size: BigInt(size), root: bytesOf(root), lines };
}

// RFC 9162, section 2.1.3.2.
async function climb(leaf, index, size, hashes) {
  let place = index, last = size - 1n, hash = leaf;
  if (index >= size) return null;
  for (const next of hashes) {
    if (last === 0n || next.length !== 32) return null;
    if (place % 2n === 1n || place === last) {
      hash = await hashNode(next, hash);
      while (place % 2n === 0n && place !== 0n) { place /= 2n; last /= 2n; }
    } else hash = await hashNode(hash, next);
    place /= 2n;
    last /= 2n;
  }
  return last === 0n ? hash : null;
}

// -- Certificates (X.509, DER) --------------------------------------------------------------------------------

function element(der, at) {
  let length = der[at + 1], start = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    length = 0;
    for (let n = 0; n < count; n++) length = length * 256 + der[start++];
  }
  return { tag: der[at], start, end: start + length, whole: der.slice(at, start + length) };
}

function children(der, parent) {
  const found = [];
  for (let at = parent.start; at < parent.end; at = found.at(-1).end) found.push(element(der, at));
  return found;
}

export function publicKeyIn(pem) {
  const der = bytesOf(/-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem)[1].replace(/\s/g, ""));
  const fields = children(der, children(der, element(der, 0))[0]).filter((field) => field.tag !== 0xa0);
  return fields[5].whole;
}

const RSA = "2a864886f70d010101";
const CURVES = { "2a8648ce3d030107": ["P-256", 32], "2b81040022": ["P-384", 48] };

function kindOf(spki) {
  const [algorithm, ...parameters] = children(spki, children(spki, element(spki, 0))[0]).map((part) => hexOf(spki.slice(part.start, part.end)));
  return algorithm === RSA ? { isRsa: true } : { isRsa: false, curve: CURVES[parameters[0]] };
}

// WebCrypto wants r and s side by side; a signed note has them in DER. There is one way to write a signature in
// DER, and any other is none: tags and lengths are checked, since no key vouches for them.
function sideBySide(der, length) {
  const pair = element(der, 0);
  const parts = children(der, pair);
  const numbers = parts.map((part) => der.slice(part.start, part.end));
  const isStrict = pair.tag === 0x30 && pair.end === der.length && parts.length === 2 && parts[1].end === der.length
    && parts.every((part) => part.tag === 0x02 && part.start + der[part.start - 1] === part.end)
    && numbers.every((number) => number.length > 0 && number[0] < 0x80 && (number[0] > 0 || number[1] >= 0x80) && number.length <= length + 1);
  if (!isStrict) throw new Error("not a signature");
  return joined(...numbers.map((number) => {
    const bare = number[0] === 0 ? number.slice(1) : number;
    return joined(new Uint8Array(length - bare.length), bare);
  }));
}

// C2SP signed-note: which key a signature line is by. For ECDSA over the key alone, for RSA bound to the name.
async function keyIdOf(name, spki, isRsa) {
  const bound = isRsa ? joined(utf8.encode(`${name}\n`), Uint8Array.of(0xff), utf8.encode("PKIX-RSA-PKCS#1v1.5")) : new Uint8Array();
  return (await sha256(bound, spki)).slice(0, 4);
}

async function verify(spki, signed, value) {
  const { isRsa, curve } = kindOf(spki);
  const importing = isRsa ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } : { name: "ECDSA", namedCurve: curve[0] };
  const key = await crypto.subtle.importKey("spki", spki, importing, false, ["verify"]);
  const signature = isRsa ? value : sideBySide(value, curve[1]);
  return crypto.subtle.verify(isRsa ? "RSASSA-PKCS1-v1_5" : { name: "ECDSA", hash: "SHA-256" }, key, signature, utf8.encode(signed));
}

export async function checkProof(raw, pem) {
  const steps = [];
  const step = (good, words) => (steps.push({ good, words }), good);
  let proof;
  try {
    proof = readProof(raw);
  } catch {
    step(false, text("Tệp bằng chứng không đúng dạng.", "The proof is not in its form."));
    return steps;
  }
  const leaf = await hashLeaf(proof.entry);
  step(true, text(`Băm nội dung mục ${proof.index + 1n} thành lá ${hexOf(leaf)}`, `Hashed entry ${proof.index + 1n} into the leaf ${hexOf(leaf)}`));
  const root = await climb(leaf, proof.index, proof.size, proof.hashes);
  const arrived = root !== null && equal(root, proof.root);
  if (!step(arrived, arrived
    ? text(`Đi lên qua ${proof.hashes.length} nút, gặp đúng gốc ${hexOf(root)} của nhật ký ${proof.size} mục`, `Climbed to the very root ${hexOf(root)}: ${proof.hashes.length} up the tree of a log of size ${proof.size}`)
    : text("Đi lên không gặp gốc đã ký: mục này không nằm trong nhật ký ấy.", "The way up does not lead to the signed root: this entry is not in that log."))) return steps;
  const spki = publicKeyIn(pem);
  const keyId = await keyIdOf(proof.origin, spki, kindOf(spki).isRsa);
  const own = proof.lines.filter((line) => line.name === proof.origin && equal(line.keyId, keyId));
  if (!step(own.length > 0, own.length > 0
    ? text(`Điểm chốt của ${proof.origin} mang chữ ký bằng khóa của chứng thư`, `The checkpoint of ${proof.origin} bears a signature by the certificate's key`)
    : text("Điểm chốt không mang chữ ký bằng khóa của chứng thư này.", "The checkpoint bears no signature by this certificate's key."))) return steps;
  let valid = true;
  for (const line of own) valid &&= await verify(spki, proof.signed, line.value).catch(() => false);
  step(valid, valid
    ? text("Chữ ký trên điểm chốt đúng. Mục này có trong nhật ký, và nhật ký không thể sửa mà không lộ.", "The signature over the checkpoint is right. The entry is in the log, and the log cannot be changed unseen.")
    : text("Chữ ký trên điểm chốt SAI.", "The signature over the checkpoint is WRONG."));
  return steps;
}

function show(steps) {
  const list = document.createElement("ol");
  list.className = "steps";
  for (const { good, words } of steps) {
    const line = document.createElement("li");
    line.className = good ? "good" : "bad";
    line.textContent = `${good ? "✓" : "✗"} ${words}`;
    list.append(line);
  }
  document.getElementById("proof-outcome").replaceChildren(list);
}

for (const button of document.querySelectorAll("[data-check-proof]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const [proof, certificate] = await Promise.all([button.dataset.checkProof, button.dataset.certificate].map((address) => fetch(address)));
    if (!proof.ok || !certificate.ok) return show([{ good: false, words: text("Không tải được bằng chứng hoặc chứng thư.", "The proof or the certificate could not be fetched.") }]);
    show(await checkProof(await proof.text(), await certificate.text()));
  });
}
