package delivery

import "sync"

// maxAtOnce is how many messages of one call are worked on at the same time.
const maxAtOnce = 10

// atOnce calls do for 0 to n-1, several at the same time, and returns when all of them have.
func atOnce(n int, do func(i int)) {
	var wg sync.WaitGroup
	free := make(chan struct{}, maxAtOnce)
	for i := range n {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			do(i)
		})
	}
	wg.Wait()
}
