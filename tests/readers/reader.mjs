// Reads each request with Node's parsers, and answers with what each of them found: a list of
// [name, value] or an object, under the parser's name. Prints its port, and ends with its input.
import http from "node:http";
import querystring from "node:querystring";
import { Readable, Writable } from "node:stream";
import busboy from "busboy";
import formidable from "formidable";
import qs from "qs";

async function readMultipart(headers, body) {
  return {
    busboy: await withBusboy(headers, body),
    formidable: await withFormidable(headers, body),
    formData: await withFormData(headers, body),
  };
}

function withBusboy(headers, body) {
  return new Promise((resolve, reject) => {
    const found = [];
    const parser = busboy({ headers, preservePath: true, defParamCharset: "utf8" });
    parser.on("field", (name, value) => found.push([name, value]));
    parser.on("file", (name, file, info) => {
      file.resume();
      found.push([name, { file: info.filename }]);
    });
    parser.on("close", () => resolve(found));
    parser.on("error", reject);
    parser.end(body);
  });
}

async function withFormidable(headers, body) {
  const request = Readable.from([body]);
  request.headers = headers;
  const fileWriteStreamHandler = () => new Writable({ write: (_piece, _encoding, done) => done() });
  const parser = formidable({ allowEmptyFiles: true, minFileSize: 0, fileWriteStreamHandler });
  const [fields, files] = await parser.parse(request);
  const names = Object.entries(files).map(([name, each]) => [
    name,
    { file: each.map((file) => file.originalFilename) },
  ]);
  return [...Object.entries(fields).flatMap(([name, all]) => all.map((one) => [name, one])), ...names];
}

async function withFormData(headers, body) {
  const form = await new Response(body, { headers }).formData();
  return [...form].map(([name, value]) => [
    name,
    typeof value === "string" ? value : { file: value.name },
  ]);
}

function readText(text) {
  return {
    URLSearchParams: [...new URLSearchParams(text)],
    querystring: { ...querystring.parse(text) },
    qs: qs.parse(text, { allowDots: true, plainObjects: true }),
  };
}

async function read(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const type = request.headers["content-type"] ?? "";
  const { search } = new URL(request.url, "http://localhost");
  const query = Object.entries(readText(search.slice(1)));
  const found = Object.fromEntries(query.map(([name, value]) => [`query: ${name}`, value]));
  if (type.startsWith("multipart/")) return { ...found, ...(await readMultipart(request.headers, body)) };
  if (type.startsWith("application/x-www-form-urlencoded"))
    return { ...found, ...readText(body.toString()) };
  const charset = /charset=([\w-]+)/.exec(type)?.[1] ?? "utf-8";
  return { ...found, JSON: JSON.parse(new TextDecoder(charset, { fatal: true }).decode(body)) };
}

const server = http.createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await read(request)));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error.stack));
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
