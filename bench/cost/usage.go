package main

import "dmlysender/shared/price"

// usage is what AWS charges for.
type usage struct {
	writeUnits, readUnits     float64
	sqsRequests               float64
	lambdaRequests, gbSeconds float64
	logBytes                  float64
	httpRequests              float64
	schedulesFired            float64
	s3Puts, s3Gets            float64
	secretReads               float64
	// keptBytes are in the table for a month. They are no use, and so not in the sum.
	keptBytes float64
}

// plus is both together, the other so many times.
func (u usage) plus(other usage, times float64) usage {
	u.writeUnits += other.writeUnits * times
	u.readUnits += other.readUnits * times
	u.sqsRequests += other.sqsRequests * times
	u.lambdaRequests += other.lambdaRequests * times
	u.gbSeconds += other.gbSeconds * times
	u.logBytes += other.logBytes * times
	u.httpRequests += other.httpRequests * times
	u.schedulesFired += other.schedulesFired * times
	u.s3Puts += other.s3Puts * times
	u.s3Gets += other.s3Gets * times
	u.secretReads += other.secretReads * times
	u.keptBytes += other.keptBytes * times
	return u
}

const gb = 1 << 30

// part is what one service charges, in US dollars.
type part struct {
	service string
	dollars float64
}

func (u usage) parts() []part {
	return []part{
		{"DynamoDB", u.writeUnits*price.WriteUnit + u.readUnits*price.ReadUnit},
		{"SQS", u.sqsRequests * price.SQSRequest},
		{"Lambda", u.lambdaRequests*price.LambdaRequest + u.gbSeconds*price.LambdaGBSecond},
		{"logs", u.logBytes / gb * price.LogGB},
		{"HTTP API", u.httpRequests * price.HTTPRequest},
		{"Scheduler", u.schedulesFired * price.ScheduleFired},
		{"S3, secrets", u.s3Puts*price.S3Put + u.s3Gets*price.S3Get + u.secretReads*price.SecretRead},
	}
}

func (u usage) dollars() (sum float64) {
	for _, p := range u.parts() {
		sum += p.dollars
	}
	return sum
}

// kept is what a month in the table costs, and in its backups.
func (u usage) kept() float64 { return u.keptBytes / gb * (price.TableGB + price.BackupGB) }
