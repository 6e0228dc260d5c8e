# A busy machine: fifty servers on 80=auto under fifty names, all at once.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

count=50
names=$(seq -f 'server-%g' $count)
for name in $names; do
    mkdir "$name"
    echo "hello from $name" > "$name/index.html"
    ./remap run -q --name "$name" -r 80=auto busybox httpd -f -p 80 -h "$name" >> log 2>&1 &
done

found=0 right=0 ports=
for name in $names; do
    port=$(./remap port --wait=30 --name "$name" 80) || continue
    found=$((found + 1)) ports="$ports $port"
    text=$(curl -q --noproxy '*' -fsS --max-time 10 "http://127.0.0.1:$port/" 2>&1)
    if [ "$text" = "hello from $name" ]; then right=$((right + 1)); fi
done
is 'remap port --wait finds each' $count $found
is 'each answers with its own text' $count $right
# shellcheck disable=SC2086 # a list of numbers
is 'each on a port of its own' $count "$(printf '%s\n' $ports | sort -u | wc -l | tr -d ' ')"
low=$(cut -f 1 /proc/sys/net/ipv4/ip_local_port_range)
high=$(cut -f 2 /proc/sys/net/ipv4/ip_local_port_range)
# shellcheck disable=SC2086
is 'none where the kernel takes ports for connections' 0 \
    "$(printf '%s\n' $ports | awk -v low="$low" -v high="$high" '$1 >= low && $1 <= high' | wc -l | tr -d ' ')"
is 'remap ps has them all' $count "$(./remap ps | grep -c ' server-[0-9]*$')"
is 'remap ps --name has one' 1 "$(./remap ps --name server-7 | grep -c ' server-7$')"
is 'a client in the tree of one reaches that' 'hello from server-7' \
    "$(./remap run -q --name server-7 curl -q --noproxy '*' -fsS --max-time 10 http://127.0.0.1/ 2>&1)"
is 'nobody has said anything' '' "$(cat log)"
