// Package audience reads whom a campaign is for: a CSV or JSONL file, plain or gzip, one recipient a row. It reads as a
// stream, and holds one row at a time, whatever the file has in it.
//
// What is wrong with a row is that row's, a [*RowError]: the rows behind it are read. What makes rows disappear, or
// leaves it open what any row says, is the file's, an [*Error] with a sentence that tells the user what to do.
package audience
