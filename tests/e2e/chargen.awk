# SPDX-License-Identifier: BSD-3-Clause
# RFC 864's pattern: lines of 72 printing characters and CR LF, each line the one
# before moved on by a character of the ring. Exit code 1 at the first other line.
{
	if (length($0) != 73 || substr($0, 73) != "\r")
		fail("is not 72 characters and CR LF")
	if (NR > 1 && substr($0, 1, 71) != substr(previous, 2, 71))
		fail("is not its predecessor moved on by one")
	previous = $0
}

function fail(why)
{
	printf "line %d %s: %s\n", NR, why, $0
	failed = 1
	exit 1
}

END {
	if (!failed && NR == 0) {
		print "nothing generated"
		exit 1
	}
}
