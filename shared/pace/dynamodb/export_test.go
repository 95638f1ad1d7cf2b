package dynamodb

// Through replaces the SDK's client.
func (p *Pacer) Through(client client) *Pacer {
	p.client = client
	return p
}
