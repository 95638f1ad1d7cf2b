// Package s3 keeps a campaign's files in a bucket of Amazon S3.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// Reasons for which the bucket cannot be used until somebody changes something, for errors.Is.
var (
	// ErrBucketNotFound: there is no bucket of that name.
	ErrBucketNotFound = errors.New("bucket not found")
	// ErrAccessDenied: the function's role may not read or write the bucket.
	ErrAccessDenied = errors.New("access denied")
)

// Files are a [campaign.Files] in a bucket, or in the part of one whose keys begin with a prefix. They are safe for
// concurrent use.
//
// Errors match [ErrBucketNotFound], [ErrAccessDenied] or [delivery.ErrThrottled] where one applies.
type Files struct {
	// client is made when it is first needed: of the functions' starts, few have to do with a campaign.
	client func() *sdk.Client
	bucket *string
	prefix string
}

var _ campaign.Files = (*Files)(nil)

// Open returns the files in a bucket whose keys begin with the prefix, which is empty or ends with "/". Nothing is sent before
// the first use. Region, credentials, endpoint and retries are those of cfg (package awsconf).
func Open(cfg aws.Config, bucket, prefix string) *Files {
	client := sync.OnceValue(func() *sdk.Client {
		return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
			// A stand-in serves all buckets under one name, which has no names below it.
			o.UsePathStyle = o.BaseEndpoint != nil
		})
	})
	return &Files{client: client, bucket: aws.String(bucket), prefix: prefix}
}

// key is where a file stands. Whatever the name, it is below the prefix.
func (f *Files) key(name string) (*string, error) {
	if err := campaign.CheckName(name); err != nil {
		return nil, err
	}
	return aws.String(f.prefix + name), nil
}

// Open implements [campaign.Files]. The version is the object's entity tag.
func (f *Files) Open(ctx context.Context, name string) (campaign.File, error) {
	output, err := f.get(ctx, name, nil)
	if err != nil {
		return campaign.File{}, err
	}
	return campaign.File{ReadCloser: output.Body, Version: aws.ToString(output.ETag), Size: aws.ToInt64(output.ContentLength)}, nil
}

func (f *Files) get(ctx context.Context, name string, span *string) (*sdk.GetObjectOutput, error) {
	key, err := f.key(name)
	if err != nil {
		return nil, err
	}
	output, err := f.client().GetObject(ctx, &sdk.GetObjectInput{Bucket: f.bucket, Key: key, Range: span})
	if err != nil {
		return nil, f.failed("read", name, err)
	}
	return output, nil
}

// Range implements [campaign.Files]: one GetObject with a Range.
func (f *Files) Range(ctx context.Context, name string, from, n int64) ([]byte, error) {
	// S3 has no empty range: a byte is asked for all the same, to know whether the file is there.
	span := "bytes=" + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(from+max(n, 1)-1, 10)
	output, err := f.get(ctx, name, aws.String(span))
	if status(err) == http.StatusRequestedRangeNotSatisfiable {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	part, err := io.ReadAll(io.LimitReader(output.Body, n))
	if err = errors.Join(err, output.Body.Close()); err != nil {
		return nil, f.failed("read", name, err)
	}
	return part, nil
}

func status(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// failed turns the errors that an operator can do something about into a sentence that says what.
func (f *Files) failed(did, name string, err error) error {
	refused, _ := errors.AsType[smithy.APIError](err)
	code := ""
	if refused != nil {
		code = refused.ErrorCode()
	}
	switch {
	case code == "NoSuchBucket":
		err = fmt.Errorf("%w: deploy the stack that creates it, or correct AUDIENCE_BUCKET and AWS_REGION", ErrBucketNotFound)
	case code == "NoSuchKey":
		err = campaign.ErrNoFile
	case code == "AccessDenied" || code == "AllAccessDisabled":
		// Without s3:ListBucket, S3 says this of what is not there, too.
		err = fmt.Errorf("%w: allow the function's role s3:GetObject and s3:PutObject on the bucket's objects, s3:ListBucket on the bucket, "+
			"and the use of its KMS key if it has one of your own", ErrAccessDenied)
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		err = fmt.Errorf("%w (%w)", delivery.ErrThrottled, err)
	}
	return fmt.Errorf("%s %q in the bucket %s: %w", did, strings.ToValidUTF8(name, "?"), *f.bucket, err)
}
