package main

import "dmlysender/local/outputs"

// routesOf reads the queues from a stack's outputs.
func routesOf(file string) ([]route, error) {
	urls, err := outputs.Read(file, "SendDeadLetterQueueUrl", "SendQueueUrl", "BulkDeadLetterQueueUrl", "BulkQueueUrl")
	if err != nil {
		return nil, err
	}
	return []route{{urls[0], urls[1]}, {urls[2], urls[3]}}, nil
}
