// SPDX-License-Identifier: LGPL-2.1-or-later

// client-node: the same calls by what there is for Node. Options as for the clients in C, and
//
//   --npm=FOLDER          where the packages are
//   --api=vscode-jsonrpc  the library of language servers, framed by Content-Length
//   --api=node-ipc        child_process.fork() and its channel; of Node itself
//   --api=mcp-sdk         the stdio client of the Model Context Protocol

import {fork, spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import path from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';

const METHOD = 'echo';
const FRAME = '{"text":""}'.length;
const BATCH = 64;       // as in bench-client.c
const AT_LEAST = 5;

const {values: options} = parseArgs({options: {
    'host': {type: 'string'},
    'npm': {type: 'string', default: '.'},
    'api': {type: 'string'},
    'size': {type: 'string', default: '50'},
    'in-flight': {type: 'string', default: '1'},
    'seconds': {type: 'string', default: '1'},
    'warm-up': {type: 'string', default: '0'},
    'count': {type: 'string', default: '0'},
}});

const size = Number(options.size);
const inFlight = Number(options['in-flight']);
const isPipelined = inFlight > 1;
const alphabet = 'abcdefghijklmnopqrstuvwxyz';
const text = alphabet.repeat(Math.ceil((size - FRAME) / 26)).slice(0, size - FRAME);
const params = {text};

function fail(why) {
    console.error(`client-node: ${why}`);
    process.exit(1);
}

// The clock, and what it says: the same as in bench-client.c

class Bench {
    constructor() {
        this.warmUp = Number(options['warm-up']) * 1e3;
        this.duration = Number(options.seconds) * 1e3;
        this.count = Number(options.count);
        this.isWarm = false;
        this.n = 0;
        this.samples = [];
    }

    begin() {
        this.began = this.last = performance.now();
        this.leftInBatch = isPipelined ? BATCH : 1;
    }

    startOver(now) {
        this.isWarm = true;
        this.n = 0;
        this.began = this.last = now;
        this.cpuBegan = process.cpuUsage();
    }

    isEnough(now) {
        if (this.count > 0 && this.n >= this.count)
            return true;

        return this.n >= AT_LEAST && now - this.began >= this.duration;
    }

    answered() {
        this.n++;
        if (--this.leftInBatch > 0)
            return true;

        const now = performance.now();
        this.leftInBatch = isPipelined && size < 16 * 1024 ? BATCH : 1;

        if (!this.isWarm) {
            if (this.n >= inFlight + AT_LEAST && now - this.began >= this.warmUp)
                this.startOver(now);
            else
                this.last = now;
            return true;
        }

        if (!isPipelined)
            this.samples.push((now - this.last) * 1e3);
        this.last = now;
        if (!this.isEnough(now))
            return true;

        this.elapsed = now - this.began;
        const cpu = process.cpuUsage(this.cpuBegan);
        this.cpu = cpu.user + cpu.system;

        return false;
    }

    print(measure, unit, value) {
        console.log(JSON.stringify({measure, size, client: options.api, in_flight: inFlight, unit,
            ...value, n: this.n}));
    }

    report() {
        if (isPipelined) {
            this.print('throughput', 'messages/s', {value: this.n / this.elapsed * 1e3});
        } else {
            const sorted = Float64Array.from(this.samples).sort();
            const at = part => sorted[Math.floor(part * (sorted.length - 1) + 0.5)];
            this.print('round-trip', 'us', {p50: at(0.5), p99: at(0.99)});
        }
        this.print('cpu', 'us/message', {value: this.cpu / this.n});
    }
}

// The ways: each gives a function that makes a call and tells its result

async function useVscodeJsonrpc(require) {
    const rpc = require('vscode-jsonrpc/node');
    const child = spawn(options.host, ['--framing=content-length'],
        {stdio: ['pipe', 'pipe', 'inherit']});
    const connection = rpc.createMessageConnection(new rpc.StreamMessageReader(child.stdout),
        new rpc.StreamMessageWriter(child.stdin));

    connection.listen();

    return onResult => connection.sendRequest(METHOD, params).then(onResult, fail);
}

async function useNodeIpc() {
    const child = fork('-', [], {
        execPath: options.host,
        execArgv: [],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const pending = new Map();
    let lastId = 0;

    child.on('message', message => {
        const onResult = pending.get(message.id);

        pending.delete(message.id);
        onResult(message.result);
    });

    return onResult => {
        pending.set(++lastId, onResult);
        child.send({jsonrpc: '2.0', id: lastId, method: METHOD, params});
    };
}

async function useMcpSdk(require) {
    const {Client} = require('@modelcontextprotocol/sdk/client/index.js');
    const {StdioClientTransport} = require('@modelcontextprotocol/sdk/client/stdio.js');
    const {ResultSchema} = require('@modelcontextprotocol/sdk/types.js');
    const client = new Client({name: 'client-node', version: '1'});

    await client.connect(new StdioClientTransport({command: options.host}));

    return onResult => client.request({method: METHOD, params}, ResultSchema).then(onResult, fail);
}

const ways = {
    'vscode-jsonrpc': useVscodeJsonrpc,
    'node-ipc': useNodeIpc,
    'mcp-sdk': useMcpSdk,
};

const bench = new Bench();
const call = await ways[options.api](createRequire(path.resolve(options.npm, 'package.json')));

function onResult(result) {
    if (result.text !== text)
        fail('a wrong answer');
    if (bench.answered()) {
        call(onResult);
        return;
    }

    bench.report();
    process.exit(0);
}

bench.begin();
for (let i = 0; i < inFlight; i++)
    call(onResult);
