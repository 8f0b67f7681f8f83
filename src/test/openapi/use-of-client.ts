// SPDX-License-Identifier: Apache-2.0
// Uses the client that was made of docs/openapi.yaml; prints what it sees. Arguments: address, key, account, run.
import {CommandsApi, Configuration, ConnectionsApi, DbtCloudApi, ResponseError} from './index';

declare const process: {argv: string[]};

async function use(): Promise<void> {
  const [basePath, accessToken, account, run] = process.argv.slice(2);
  const configuration = new Configuration({basePath, accessToken});
  for (const connection of await new ConnectionsApi(configuration).listConnections()) {
    console.log(`connection ${connection.name}`);
  }
  const of = {accountId: Number(account), connection: 'default', runId: Number(run)};
  const dbtCloud = new DbtCloudApi(configuration);
  console.log(`run ${(await dbtCloud.getRun(of)).status}`);
  console.log(`artifacts ${(await dbtCloud.listArtifacts(of)).data.includes('run_results.json')}`);
  try {
    await new CommandsApi(configuration).getCommand({commandId: 'nothing'});
  } catch (e) {
    console.log(`problem ${(e as ResponseError).response.status}`);
  }
}

void use();
