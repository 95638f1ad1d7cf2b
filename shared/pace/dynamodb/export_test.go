package dynamodb

// Through replaces the SDK's client.
func (p *Pacer) Through(client updater) *Pacer {
	p.client = client
	return p
}
