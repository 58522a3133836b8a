# SPDX-License-Identifier: BSD-3-Clause
# The summary that 'septet serve' prints at its end, added up once more: every frame
# received is in one verdict, no buffer is lost, nothing went wrong inside.

/^frames received, each/ { part = "verdicts"; next }
/^counters:/ { part = "counters"; next }
/^[^ ]/ { part = "" }

part == "verdicts" { sum += $2 }
part == "verdicts" && $1 == "internal_error" { wrong = wrong " internal_error " $2 }
part == "counters" && $1 == "rx_frames" { received = $2 }
part == "counters" && $1 == "errors" { wrong = wrong " errors " $2 }

/^rx_frames [0-9]+ = sum of verdicts [0-9]+: ok$/ { said = $2 }
/^mbufs not given back: 0: ok$/ { kept = 1 }

END {
	if (said == "" || received != said || sum != said)
		wrong = wrong " frames " received ", verdicts " sum ", it says '" said "'"
	if (said + 0 == 0)
		wrong = wrong " no frame received"
	if (!kept)
		wrong = wrong " buffers lost"
	if (wrong != "") {
		print "summary:" wrong
		exit 1
	}
}
