package s3

import (
	"bytes"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"dmlysender/shared/campaign"
)

const (
	// partSize is what is held of a file that is being written. S3 takes 10,000 parts of at least 5 MiB, so that a file may
	// have 80 GB.
	partSize = 8 << 20
	// abortTime is how long an upload that is given up may take to say so.
	abortTime = 5 * time.Second
)

// Create implements [campaign.Files]. What fits into one part is one PutObject; the rest is a multipart upload, which holds
// one part at a time. An upload that nobody ends is for a rule of the bucket's life cycle.
func (f *Files) Create(ctx context.Context, name string) (campaign.Writer, error) {
	key, err := f.key(name)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &writer{Files: f, ctx: ctx, name: name, key: key}, nil
}

// writer is a file on its way to the bucket.
type writer struct {
	*Files
	ctx   context.Context //nolint:containedctx // that of Create; an io.Writer is given none
	name  string
	key   *string
	part  []byte
	id    *string // of the upload, once it has begun
	parts []types.CompletedPart
	ended bool
}

// Write implements [io.Writer].
func (w *writer) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		if len(w.part) == partSize {
			if err := w.upload(w.ctx); err != nil {
				return written, err
			}
		}
		n := min(len(p)-written, partSize-len(w.part))
		w.part = append(w.part, p[written:written+n]...)
		written += n
	}
	return written, nil
}

// upload hands over the part that is held, and begins the upload with the first.
func (w *writer) upload(ctx context.Context) error {
	if w.id == nil {
		begun, err := w.client().CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: w.bucket, Key: w.key})
		if err != nil {
			return w.failed("write", w.name, err)
		}
		w.id = begun.UploadId
	}
	number := aws.Int32(int32(len(w.parts)) + 1) //nolint:gosec // S3 refuses more than 10,000
	output, err := w.client().UploadPart(ctx, &sdk.UploadPartInput{
		Bucket: w.bucket, Key: w.key, UploadId: w.id, PartNumber: number, Body: bytes.NewReader(w.part),
	})
	if err != nil {
		return w.failed("write", w.name, err)
	}
	w.parts = append(w.parts, types.CompletedPart{
		PartNumber: number, ETag: output.ETag, ChecksumCRC32: output.ChecksumCRC32,
	})
	w.part = w.part[:0]
	return nil
}

// Commit implements [campaign.Writer].
func (w *writer) Commit(ctx context.Context) error {
	defer w.Abort() //nolint:contextcheck // giving up has a time of its own
	if w.id == nil {
		_, err := w.client().PutObject(ctx, &sdk.PutObjectInput{Bucket: w.bucket, Key: w.key, Body: bytes.NewReader(w.part)})
		if err != nil {
			return w.failed("write", w.name, err)
		}
		return nil
	}
	if len(w.part) > 0 {
		if err := w.upload(ctx); err != nil {
			return err
		}
	}
	_, err := w.client().CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
		Bucket: w.bucket, Key: w.key, UploadId: w.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts},
	})
	if err != nil {
		return w.failed("write", w.name, err)
	}
	w.id = nil
	return nil
}

// Abort implements [campaign.Writer].
func (w *writer) Abort() {
	if w.ended {
		return
	}
	w.ended, w.part = true, nil
	if w.id == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTime)
	defer cancel()
	// One that S3 does not learn of costs room until the bucket's life cycle ends it.
	_, _ = w.client().AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{Bucket: w.bucket, Key: w.key, UploadId: w.id})
}
