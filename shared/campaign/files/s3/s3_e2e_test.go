//go:build e2e

package s3_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files/filestest"
	"dmlysender/shared/campaign/files/s3"
)

// bucket makes one that goes with the test.
func bucket(t *testing.T, cfg aws.Config) string {
	t.Helper()
	client := sdk.NewFromConfig(cfg, func(o *sdk.Options) { o.UsePathStyle = true })
	name := aws.String("e2e-" + strings.ToLower(rand.Text()))
	_, err := client.CreateBucket(t.Context(), &sdk.CreateBucketInput{
		Bucket: name, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(cfg.Region)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		objects, err := client.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: name})
		if err == nil {
			for _, object := range objects.Contents {
				_, deleteErr := client.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: name, Key: object.Key})
				err = errors.Join(err, deleteErr)
			}
		}
		_, deleteErr := client.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: name})
		if err := errors.Join(err, deleteErr); err != nil {
			t.Errorf("the bucket %s stays behind: %v", *name, err)
		}
	})
	return *name
}

func TestE2ES3HoldsFiles(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	filestest.Run(t, func(t *testing.T) campaign.Files {
		t.Helper()
		return s3.Open(cfg, bucket(t, cfg), "below/")
	})
}

func TestE2EAMissingBucketIsSaid(t *testing.T) {
	t.Parallel()
	f := s3.Open(awstest.EndToEnd(t), "e2e-missing-"+strings.ToLower(rand.Text()), "")
	if _, err := f.Open(t.Context(), "a"); !errors.Is(err, s3.ErrBucketNotFound) {
		t.Errorf("got %v, want %v", err, s3.ErrBucketNotFound)
	}
}
