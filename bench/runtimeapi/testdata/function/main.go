// Command function is the function that the tests of package runtimeapi run. The event says what it does.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string `json:"do"`
	Text string `json:"text"`
}

type answer struct {
	Text      string `json:"text"`
	RequestID string `json:"requestId"`
	ARN       string `json:"arn"`
	LeftMS    int64  `json:"leftMs"`
	PID       int    `json:"pid"`
}

func handle(ctx context.Context, e event) (answer, error) {
	call, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	a := answer{Text: e.Text, RequestID: call.AwsRequestID, ARN: call.InvokedFunctionArn, LeftMS: time.Until(deadline).Milliseconds(), PID: os.Getpid()}
	switch e.Do {
	case "env":
		a.Text = os.Getenv(e.Text)
	case "print":
		fmt.Println(e.Text)
	case "count":
		until, err := strconv.Atoi(e.Text)
		if err != nil {
			return answer{}, err
		}
		n := 0
		for n < until {
			n++
		}
		a.Text = strconv.Itoa(n)
	case "fail":
		return answer{}, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		log.Print(e.Text)
		os.Exit(3)
	case "hang":
		select {}
	case "big":
		a.Text = strings.Repeat("x", 7<<20)
	}
	return a, nil
}

func main() {
	if os.Getenv("NEVER_POLL") != "" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		_, err = listener.Accept() // Nobody comes.
		log.Fatal(err)
	}
	if text := os.Getenv("INIT_ERROR"); text != "" {
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		response, err := http.Post(url, "application/json", strings.NewReader(`{"errorType": "Init.Failed", "errorMessage": "`+text+`"}`))
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		log.Fatal("configuration: ", text)
	}
	lambda.Start(handle)
}
