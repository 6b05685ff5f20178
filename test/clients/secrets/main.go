// Reads a secret through the official client with its cache: the first argument is the endpoint, the second the secret's name.
package main

import (
	"fmt"
	"os"

	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/models"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/service"
)

func main() {
	id, secret := os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"), os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	region := models.NewRegionInfoWithEndpoint("cn-hangzhou", os.Args[1])
	builder := service.NewDefaultSecretManagerClientBuilder().Standard().WithAccessKey(id, secret).AddRegionInfo(region)
	client, err := sdk.NewSecretCacheClientBuilder(builder.Build()).Build()
	if err != nil {
		panic(err)
	}
	info, err := client.GetSecretInfo(os.Args[2])
	if err != nil {
		panic(err)
	}
	fmt.Println(info.VersionId, info.SecretValue)
	os.Exit(0)
}
