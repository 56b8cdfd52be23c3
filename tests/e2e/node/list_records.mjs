// A gRPC client that knows nothing of Vouch: the unmodified @grpc/grpc-js, and
// what a server says of itself by reflection. It joins a centre, then lists its
// records.
//
//   node list_records.mjs HOST:PORT CODE
//
// Prints one JSON object: the services that the server names, and the records,
// each with its own message read by the type that its kind names.
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import crypto from 'node:crypto';
import tls from 'node:tls';

const DEADLINE_MS = 30_000;
const OPTIONS = {keepCase: true, longs: String, enums: String, defaults: true};

// The part of gRPC's own reflection protocol that is needed, as JSON for
// proto-loader: every gRPC client has it built in somewhere.
const field = (type, id, rule) => ({type, id, ...(rule ? {rule} : {})});
const REFLECTION = {nested: {grpc: {nested: {reflection: {nested: {v1alpha: {
  nested: {
    ServerReflection: {methods: {ServerReflectionInfo: {
      requestType: 'ServerReflectionRequest', requestStream: true,
      responseType: 'ServerReflectionResponse', responseStream: true,
    }}},
    ServerReflectionRequest: {
      oneofs: {message_request: {oneof: [
        'file_by_filename', 'file_containing_symbol', 'list_services']}},
      fields: {
        host: field('string', 1),
        file_by_filename: field('string', 3),
        file_containing_symbol: field('string', 4),
        list_services: field('string', 7),
      }},
    ServerReflectionResponse: {fields: {
      file_descriptor_response: field('FileDescriptorResponse', 4),
      list_services_response: field('ListServiceResponse', 6),
      error_response: field('ErrorResponse', 7),
    }},
    FileDescriptorResponse: {fields: {
      file_descriptor_proto: field('bytes', 1, 'repeated')}},
    ListServiceResponse: {fields: {
      service: field('ServiceResponse', 1, 'repeated')}},
    ServiceResponse: {fields: {name: field('string', 1)}},
    ErrorResponse: {fields: {
      error_code: field('int32', 1), error_message: field('string', 2)}},
  }}}}}}}};
// Of a FileDescriptorProto, what leads to the files that it imports.
const FILES = {nested: {FileHead: {fields: {
  name: field('string', 1), dependency: field('string', 3, 'repeated')}}}};

const deadline = () => ({deadline: Date.now() + DEADLINE_MS});

// Trust on first use, as a tablet does without a fingerprint.
function shownCa(address) {
  const at = address.lastIndexOf(':');
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: address.slice(0, at), port: Number(address.slice(at + 1)),
      rejectUnauthorized: false, ALPNProtocols: ['h2'],
    }, () => {
      let shown = socket.getPeerCertificate(true);
      while (shown.issuerCertificate &&
             shown.issuerCertificate.fingerprint256 !== shown.fingerprint256) {
        shown = shown.issuerCertificate;
      }
      socket.destroy();
      resolve(Buffer.from(new crypto.X509Certificate(shown.raw).toString()));
    });
    socket.on('error', reject);
  });
}

// One question, one answer, on a stream of its own.
function ask(client, request) {
  return new Promise((resolve, reject) => {
    const call = client.ServerReflectionInfo(deadline());
    call.on('data', (answer) => {
      call.end();
      if (answer.error_response) {
        reject(new Error(answer.error_response.error_message));
      } else {
        resolve(answer);
      }
    });
    call.on('error', reject);
    call.write(request);
  });
}

// Every file that declares `symbols`, with all that they import, as one set.
async function describe(client, symbols) {
  const {FileHead} = loader.fromJSON(FILES);
  const files = new Map();
  const take = (answer) => {
    const missing = [];
    for (const bytes of answer.file_descriptor_response.file_descriptor_proto) {
      const head = FileHead.deserialize(bytes);
      files.set(head.name, bytes);
      missing.push(...(head.dependency ?? []));
    }
    return missing;
  };
  let wanted = [];
  for (const symbol of symbols) {
    wanted.push(...take(await ask(client, {file_containing_symbol: symbol})));
  }
  while (wanted.length > 0) {
    const name = wanted.pop();
    if (files.has(name)) continue;
    wanted.push(...take(await ask(client, {file_by_filename: name})));
  }
  // A FileDescriptorSet is its files, each as field 1.
  const parts = [];
  for (const bytes of files.values()) {
    const size = [];
    for (let left = bytes.length; ; left >>>= 7) {
      if (left < 128) { size.push(left); break; }
      size.push((left & 127) | 128);
    }
    parts.push(Buffer.from([10, ...size]), bytes);
  }
  return loader.loadFileDescriptorSetFromBuffer(Buffer.concat(parts), OPTIONS);
}

const unary = (client, method, request) => new Promise((resolve, reject) => {
  client[method](request, deadline(),
                 (error, answer) => error ? reject(error) : resolve(answer));
});

const rawKey = (pair) =>
    pair.publicKey.export({type: 'spki', format: 'der'}).subarray(-32);

// What EnrolRequest's comments ask for.
function enrolRequest(code, device, person) {
  const keys = [rawKey(device), rawKey(person)];
  const signed = Buffer.concat(
      [Buffer.from('vouch.enrol.v1\0'), Buffer.from(code), ...keys]);
  return {
    code, device_key: keys[0], person_key: keys[1],
    device_proof: crypto.sign(null, signed, device.privateKey),
    person_proof: crypto.sign(null, signed, person.privateKey),
  };
}

async function main(address, code) {
  const ca = await shownCa(address);
  const anyone = grpc.credentials.createSsl(ca);
  const Reflection = grpc.loadPackageDefinition(loader.fromJSON(
      REFLECTION, OPTIONS)).grpc.reflection.v1alpha.ServerReflection;
  const reflection = new Reflection(address, anyone);
  const listed = await ask(reflection, {list_services: ''});
  const services =
      listed.list_services_response.service.map((s) => s.name).sort();
  const types = await describe(
      reflection, services.filter((name) => name.startsWith('vouch.')));
  reflection.close();
  const {vouch} = grpc.loadPackageDefinition(types);

  const device = crypto.generateKeyPairSync('ed25519');
  const enrolment = new vouch.v1.EnrolmentService(address, anyone);
  const joined = await unary(
      enrolment, 'Enrol',
      enrolRequest(code, device, crypto.generateKeyPairSync('ed25519')));
  enrolment.close();

  const centre = new vouch.v1.CentreService(
      address, grpc.credentials.createSsl(
                   ca,
                   Buffer.from(device.privateKey.export(
                       {type: 'pkcs8', format: 'pem'})),
                   Buffer.from(joined.certificate_pem)));
  const records = [];
  let page_token = '';
  do {
    const page =
        await unary(centre, 'ListRecords', {page_size: 2, page_token});
    for (const record of page.records) {
      const type = types[`vouch.v1.${record.kind_name}`];
      records.push({
        id: record.record_id.toString('hex'), kind: record.kind_name,
        state: record.state, message: type.deserialize(record.message),
      });
    }
    page_token = page.next_page_token;
  } while (page_token !== '');
  centre.close();
  return {services, person: joined.person_name, records};
}

const [address, code] = process.argv.slice(2);
if (!code) {
  console.error('node list_records.mjs HOST:PORT CODE');
  process.exit(2);
}
console.log(JSON.stringify(await main(address, code)));
