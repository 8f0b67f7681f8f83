// SPDX-License-Identifier: Apache-2.0
import client.ApiClient;
import client.ApiException;
import client.api.CommandsApi;
import client.api.ConnectionsApi;
import client.api.DbtCloudApi;

/** Uses the client that was made of docs/openapi.yaml; prints what it sees. Arguments: address, key, account, run. */
final class UseOfClient {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + arguments[1]));
        long account = Long.parseLong(arguments[2]);
        long run = Long.parseLong(arguments[3]);

        new ConnectionsApi(client)
                .listConnections()
                .forEach(connection -> System.out.println("connection " + connection.getName()));
        DbtCloudApi dbtCloud = new DbtCloudApi(client);
        System.out.println("run " + dbtCloud.getRun(account, "default", run, null).getStatus());
        System.out.println("artifacts "
                + dbtCloud.listArtifacts(account, "default", run).getData().contains("run_results.json"));
        try {
            new CommandsApi(client).getCommand("nothing", null, null, null);
        } catch (ApiException e) {
            System.out.println("problem " + e.getCode());
        }
    }
}
