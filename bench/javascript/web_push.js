'use strict';

// The peer: npm's web-push as its users run it at its best: the VAPID details set once, connections that are kept, and 32
// pushes under way at once. `FROM COUNT` on standard input sends to so many of the file's subscriptions; what that took is
// said as JSON.

const fs = require('node:fs');
const https = require('node:https');
const readline = require('node:readline');
const webPush = require('web-push');

const AT_ONCE = 32;
const given = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const agent = new https.Agent({ keepAlive: true, maxSockets: AT_ONCE });
const options = { TTL: 3600, agent, contentEncoding: 'aes128gcm' };
webPush.setVapidDetails(given.contact, given.public_key, given.private_key);

async function send(subscriptions) {
  let next = 0;
  async function one() {
    while (next < subscriptions.length) {
      const subscription = subscriptions[next];
      next += 1;
      const { statusCode } = await webPush.sendNotification(subscription, given.payload, options);
      if (statusCode !== 201) throw new Error(`answered ${statusCode}`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function main() {
  console.log('Ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [from, count] = line.split(' ').map(Number);
    const before = process.cpuUsage();
    await send(given.subscriptions.slice(from, from + count));
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ cpu_seconds: (user + system) / 1e6 }));
  }
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
