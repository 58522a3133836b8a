# SPDX-License-Identifier: BSD-3-Clause
# One TCP connection as a ladder: reads 'tcpdump -n -tt' of it, prints a line for
# each segment with the state of both ends once the segment has arrived (RFC 9293
# 3.3.2). -v server=ADDRESS is the end drawn on the right. With -v until_closed=1
# it prints nothing and its exit code says whether the connection is over.

BEGIN {
	state["c"] = "CLOSED"
	state["s"] = "LISTEN"
	width = 46
}

!/: Flags \[/ {
	next
}

{
	split($0, at, /: Flags \[/)
	split(at[1], word, " ")
	me = index(word[3], server ".") == 1 ? "s" : "c"
	peer = me == "s" ? "c" : "s"
	flags = at[2]
	sub(/\].*/, "", flags)
	syn = flags ~ /S/
	fin = flags ~ /F/
	rst = flags ~ /R/
	acks = flags ~ /\./
	length_of = match($0, /length [0-9]+/) ? substr($0, RSTART + 7, RLENGTH - 7) + 0 : 0
	ack = match($0, / ack [0-9]+/) ? substr($0, RSTART + 5, RLENGTH - 5) + 0 : 0
	window = match($0, / win [0-9]+/) ? substr($0, RSTART + 5, RLENGTH - 5) + 0 : 0
	first = 0
	if (match($0, / seq [0-9]+/))
		first = substr($0, RSTART + 5, RLENGTH - 5) + 0

	follow()
	if (!until_closed)
		draw()
}

# Move both ends on.
function follow()
{
	if (rst) {
		state["c"] = state["s"] = "CLOSED"
		return
	}
	if (syn) {
		if (acks) {
			state["c"] = "ESTABLISHED"
		} else {
			state["c"] = "SYN-SENT"
			state["s"] = "SYN-RECEIVED"
		}
		return
	}
	if (acks && state[peer] == "SYN-RECEIVED")
		state[peer] = "ESTABLISHED"
	if (acks && (peer in fin_end) && ack >= fin_end[peer]) {
		if (state[peer] == "FIN-WAIT-1")
			state[peer] = "FIN-WAIT-2"
		else if (state[peer] == "CLOSING")
			state[peer] = "TIME-WAIT"
		else if (state[peer] == "LAST-ACK")
			state[peer] = "CLOSED"
	}
	if (fin && !(me in fin_end)) {
		fin_end[me] = first + length_of + 1
		state[me] = state[me] == "CLOSE-WAIT" ? "LAST-ACK" : "FIN-WAIT-1"
		if (state[peer] == "ESTABLISHED")
			state[peer] = "CLOSE-WAIT"
		else if (state[peer] == "FIN-WAIT-1")
			state[peer] = "CLOSING"
		else if (state[peer] == "FIN-WAIT-2")
			state[peer] = "TIME-WAIT"
	}
}

function words(  text)
{
	text = (syn ? " SYN" : "") (fin ? " FIN" : "") (rst ? " RST" : "")
	if (acks)
		text = text (syn ? " ACK" : " ACK " ack)
	if (length_of)
		text = text " data " first "-" (first + length_of - 1)
	if (!syn && !rst && window == 0)
		text = text " window 0"
	return substr(text, 2)
}

function dashes(n,  s)
{
	while (n-- > 0)
		s = s "-"
	return s
}

function draw(  text, arrow)
{
	if (!began) {
		began = word[1]
		printf "%9s  %12s %*s %s\n", "ms", "client", width, "", "septet"
	}
	text = words()
	if (me == "c")
		arrow = "-- " text " " dashes(width - length(text) - 5) ">"
	else
		arrow = "<" dashes(width - length(text) - 5) " " text " --"
	printf "%9.3f  %12s %s %s\n", (word[1] - began) * 1000, state["c"], arrow, state["s"]
}

END {
	if (until_closed)
		exit !((state["c"] == "CLOSED" || state["c"] == "TIME-WAIT") &&
		    (state["s"] == "CLOSED" || state["s"] == "TIME-WAIT") && NR > 0)
}
