// Orders are lost with their key: one server for all tests of the package, started by TestMain.
package orders

import (
	"log"
	"os"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/tea"

	"orders/strongroomtest"
)

var strongroom *strongroomtest.Server

func TestMain(m *testing.M) {
	var err error
	if strongroom, err = strongroomtest.Start(); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := strongroom.Stop(); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

func TestOrdersAreLostWithTheirKey(t *testing.T) {
	client := must(kms.NewClient(&openapi.Config{
		AccessKeyId:     &strongroom.AccessKeyID,
		AccessKeySecret: &strongroom.AccessKeySecret,
		RegionId:        tea.String("cn-hangzhou"),
		Endpoint:        tea.String(strings.TrimPrefix(strongroom.Endpoint, "http://")),
		Protocol:        tea.String("HTTP"),
	}))
	key := must(client.CreateKey(&kms.CreateKeyRequest{})).Body.KeyMetadata.KeyId
	blob := must(client.Encrypt(&kms.EncryptRequest{KeyId: key, Plaintext: tea.String("four apples")})).Body.CiphertextBlob
	decrypt := &kms.DecryptRequest{CiphertextBlob: blob}
	if plaintext := *must(client.Decrypt(decrypt)).Body.Plaintext; plaintext != "four apples" {
		t.Fatalf("decrypted %q", plaintext)
	}

	must(client.ScheduleKeyDeletion(&kms.ScheduleKeyDeletionRequest{KeyId: key, PendingWindowInDays: tea.Int32(7)}))
	if err := strongroom.Advance("7d"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Decrypt(decrypt); err == nil || !strings.Contains(err.Error(), "Forbidden.KeyNotFound") {
		t.Fatalf("Decrypt after the deletion: %v", err)
	}
}

func must[T any](answer T, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}
