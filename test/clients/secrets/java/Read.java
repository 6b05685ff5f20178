// Reads a secret through the official client with its cache: the first argument is the endpoint, the second the secret's name.

import com.aliyuncs.kms.secretsmanager.client.SecretCacheClientBuilder;
import com.aliyuncs.kms.secretsmanager.client.model.RegionInfo;
import com.aliyuncs.kms.secretsmanager.client.service.BaseSecretManagerClientBuilder;

class Read {
    public static void main(String[] arguments) throws Exception {
        var environment = System.getenv();
        var builder = BaseSecretManagerClientBuilder.standard()
                .withAccessKey(
                        environment.get("ALIBABA_CLOUD_ACCESS_KEY_ID"),
                        environment.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET"))
                .addRegion(new RegionInfo("cn-hangzhou", false, arguments[0]));
        var client = SecretCacheClientBuilder.newCacheClientBuilder(builder.build()).build();
        var secret = client.getSecretInfo(arguments[1]);
        System.out.println(secret.getVersionId() + " " + secret.getSecretValue());
        System.exit(0);
    }
}
