package look

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"dmlysender/local/doctor/diagnosis"
)

const (
	// period is that of the metrics, and lookBack how far back refusals of the key are looked for. Ages are those of ageBack.
	period   = 5 * time.Minute
	lookBack = 24 * time.Hour
	ageBack  = 15 * time.Minute
)

// readMetrics asks CloudWatch for what no service tells: how old the records on the queues are, and since when DMLY refuses
// the key. Without it, only that is missing.
func (l *looker) readMetrics(ctx context.Context) {
	refused := metric("refused", l.facts.Stack.Name, "KeyRefused", "Sum")
	queries := []types.MetricDataQuery{refused}
	byID := map[string]*diagnosis.Queue{}
	for i := range l.facts.Queues {
		q, id := &l.facts.Queues[i], fmt.Sprintf("age%d", i)
		byID[id] = q
		queries = append(queries, metric(id, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum",
			types.Dimension{Name: aws.String("QueueName"), Value: aws.String(path.Base(q.URL))}))
	}
	got, err := sdk.NewFromConfig(l.cfg).GetMetricData(ctx, &sdk.GetMetricDataInput{
		StartTime: aws.Time(l.facts.At.Add(-lookBack)), EndTime: aws.Time(l.facts.At), MetricDataQueries: queries,
		ScanBy: types.ScanByTimestampDescending,
	})
	if err != nil {
		l.unseen(ctx, "how long records have waited on the queues", "cloudwatch:GetMetricData", "*", err)
		return
	}
	for _, result := range got.MetricDataResults {
		for i, at := range result.Timestamps {
			if i >= len(result.Values) {
				break
			}
			value := result.Values[i]
			switch id := aws.ToString(result.Id); {
			case id == aws.ToString(refused.Id):
				l.noteRefusals(at, int(value))
			case i == 0 && byID[id] != nil && l.facts.At.Sub(at) <= ageBack:
				byID[id].Oldest = time.Duration(value * float64(time.Second))
			}
		}
	}
}

func (l *looker) noteRefusals(at time.Time, n int) {
	if k := l.facts.Key; k != nil && n > 0 {
		k.Refusals += n
		if k.RefusedSince.IsZero() || at.Before(k.RefusedSince) {
			k.RefusedSince = at
		}
	}
}

func metric(id, namespace, name, statistic string, dimensions ...types.Dimension) types.MetricDataQuery {
	return types.MetricDataQuery{Id: aws.String(id), MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String(namespace), MetricName: aws.String(name), Dimensions: dimensions},
		Period: aws.Int32(int32(period.Seconds())), Stat: aws.String(statistic),
	}}
}

// maxAlarms is how many alarms can be asked for by name at once.
const maxAlarms = 100

func (l *looker) readAlarms(ctx context.Context) {
	names := l.stack.alarms
	if len(names) == 0 {
		return
	}
	got, err := sdk.NewFromConfig(l.cfg).DescribeAlarms(ctx, &sdk.DescribeAlarmsInput{
		AlarmNames: names[:min(len(names), maxAlarms)], MaxRecords: aws.Int32(maxAlarms),
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	if err != nil {
		l.unseen(ctx, "the alarms", "cloudwatch:DescribeAlarms", "*", err)
		return
	}
	for _, a := range got.MetricAlarms {
		l.note(a.AlarmName, a.AlarmDescription, a.StateValue, a.StateUpdatedTimestamp)
	}
	for _, a := range got.CompositeAlarms {
		l.note(a.AlarmName, a.AlarmDescription, a.StateValue, a.StateUpdatedTimestamp)
	}
}

func (l *looker) note(name, description *string, state types.StateValue, since *time.Time) {
	l.facts.Alarms = append(l.facts.Alarms, diagnosis.Alarm{
		Name: aws.ToString(name), Description: aws.ToString(description), Ringing: state == types.StateValueAlarm, Since: aws.ToTime(since),
	})
}
