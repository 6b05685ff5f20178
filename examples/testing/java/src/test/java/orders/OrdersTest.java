package orders;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.aliyun.kms20160120.Client;
import com.aliyun.kms20160120.models.CreateKeyRequest;
import com.aliyun.kms20160120.models.DecryptRequest;
import com.aliyun.kms20160120.models.EncryptRequest;
import com.aliyun.kms20160120.models.ScheduleKeyDeletionRequest;
import com.aliyun.tea.TeaException;
import com.aliyun.teaopenapi.models.Config;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(StrongroomExtension.class)
class OrdersTest {
    @Test
    void areLostWithTheirKey(Strongroom strongroom) throws Exception {
        Client client = new Client(new Config()
                .setAccessKeyId(Strongroom.ACCESS_KEY_ID)
                .setAccessKeySecret(Strongroom.ACCESS_KEY_SECRET)
                .setRegionId("cn-hangzhou")
                .setEndpoint(URI.create(strongroom.endpoint).getAuthority())
                .setProtocol("HTTP"));
        String key = client.createKey(new CreateKeyRequest()).getBody().getKeyMetadata().getKeyId();
        String blob = client.encrypt(new EncryptRequest().setKeyId(key).setPlaintext("four apples"))
                .getBody().getCiphertextBlob();
        DecryptRequest decrypt = new DecryptRequest().setCiphertextBlob(blob);
        assertEquals("four apples", client.decrypt(decrypt).getBody().getPlaintext());

        client.scheduleKeyDeletion(new ScheduleKeyDeletionRequest().setKeyId(key).setPendingWindowInDays(7));
        strongroom.advance("7d");
        TeaException refused = assertThrows(TeaException.class, () -> client.decrypt(decrypt));
        assertEquals("Forbidden.KeyNotFound", refused.getCode());
    }
}
