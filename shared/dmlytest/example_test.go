package dmlytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"dmlysender/shared/dmlytest"
)

// A message whose answer is lost was accepted all the same: only Messages tells.
func Example() {
	sim := dmlytest.New(dmlytest.Options{Key: "secret"})
	host := httptest.NewServer(sim) // in a test: sim, baseURL := dmlytest.Start(t, …)
	defer host.Close()
	sim.Inject(dmlytest.Fault{Match: "second", Status: 500, Accept: new(true)})

	for _, text := range []string{"first", "second"} {
		body := `{"recipient":{"phoneNumber":"+15551234567"},"workspace":{"id":"W1"},"textMessage":"` + text + `"}`
		req, err := http.NewRequest(http.MethodPost, host.URL+dmlytest.BasePath+"/v1/messages/whatsapp/sendtext", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("x-api-key", "secret")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Print(resp.StatusCode, " ", string(answer))
	}
	for _, m := range sim.Messages() {
		fmt.Println(m.ID, m.Operation, m.Status, string(m.Body[len(m.Body)-9:]))
	}
	// Output:
	// 200 {"id":"sim-000001","status":"sent","error":""}
	// 500 {"id":"","status":"failed","error":"planned fault: Internal Server Error"}
	// sim-000001 whatsapp/sendtext sent :"first"}
	// sim-000002 whatsapp/sendtext sent "second"}
}
