# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Two namespaces joined by 'septet bridge' in a third, over veth pairs. Sourced after lib.sh.

bridge_left4=10.97.0.1
bridge_right4=10.97.0.2
bridge_prefix=24
bridge_left=
bridge_right=
bridge_middle=
bridge_json=

# bridge_side NAME N ADDRESS|'': a namespace whose kern$N leads to the bridge's spt$N. What crosses
# must be as it is on a wire: checksums filled in, no segments larger than the MTU. Without an
# address the interface is there for somebody else: its kernel says nothing.
bridge_side() {
	local end
	lab_namespace "$1"
	ip -n "$bridge_middle" link add "spt$2" type veth peer name "kern$2" netns "$lab_new"
	for end in "$bridge_middle spt$2" "$lab_new kern$2"; do
		# shellcheck disable=SC2086
		set -- "$1" "$2" "$3" $end
		ip netns exec "$4" sysctl -q -w "net.ipv6.conf.$5.disable_ipv6=1"
		ip netns exec "$4" ethtool -K "$5" tx off gro off gso off tso off >/dev/null
		ip -n "$4" link set "$5" up
	done
	[ -z "$3" ] || ip -n "$lab_new" addr add "$3/$bridge_prefix" dev "kern$2"
}

# bridge_up LEFT4 RIGHT4 OPTION...: both sides, with those addresses or '', and the bridge, ready.
bridge_up() {
	local left=$1 right=$2
	shift 2
	lab_namespace middle
	bridge_middle=$lab_new
	bridge_side left 0 "$left"
	bridge_left=$lab_new
	bridge_side right 1 "$right"
	bridge_right=$lab_new
	lab_log=$lab_scratch/bridge.log
	bridge_json=$lab_scratch/bridge.json
	# The program gives up root's privileges: the file is to be there, and anybody's.
	chmod 755 "$lab_scratch"
	ip netns exec "$bridge_middle" "$lab_septet" bridge --port af_packet:spt0 \
		--port af_packet:spt1 --json "$bridge_json" "$@" >"$lab_log" 2>&1 </dev/null &
	lab_pid=$!
	lab_started+=("$lab_pid")
	lab_until 20 lab_is_ready || die "septet bridge did not say that it is ready within 20 s"
}

# bridge_in NAMESPACE SECONDS COMMAND...: there, at most so long.
bridge_in() {
	lab_client=$1
	shift
	lab_client_run "$@"
}

# bridge_receiver NAMESPACE PORT: 'bulk.py receive' in the background; its number is $bridge_pid.
bridge_receiver() {
	ip netns exec "$1" python3 "$spt_top/tests/e2e/bulk.py" receive "$2" \
		>"$lab_scratch/receiver" 2>&1 </dev/null &
	bridge_pid=$!
	lab_started+=("$bridge_pid")
	lab_until 10 grep -q '^ready' "$lab_scratch/receiver" || die "no receiver within 10 s"
}

# bridge_end PID: a process of ours in the background.
bridge_end() {
	kill -TERM "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
	lab_forget "$1"
}

# bridge_counter WAY NAME: of the JSON file, way 0 or 1.
bridge_counter() {
	python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["ways"][int(sys.argv[2])][sys.argv[3]])' \
		"$bridge_json" "$1" "$2"
}

# between LOW VALUE HIGH: numbers.
between() {
	say "$2, expected $1 to $3"
	awk -v low="$1" -v value="$2" -v high="$3" 'BEGIN { exit !(low <= value && value <= high) }'
}
