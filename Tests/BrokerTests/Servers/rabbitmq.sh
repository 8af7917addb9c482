#!/bin/sh
# Runs a RabbitMQ of its own in the folder named, until TERM; the data stay in the folder.
#
# The environment gives its ports: STOMP, STOMPS, WS, WSS, EPMD and DISTRIBUTION. Users: guest/guest with all rights,
# and alice/wonderland, who may only read and write the virtual host "orders" (passcodes as salted SHA-256).

set -eu
folder=$1
sh "$(dirname "$0")/certificates.sh" "$folder"
cd "$folder"

cat >rabbitmq.conf <<END
listeners.tcp = none
stomp.listeners.tcp.1 = 127.0.0.1:$STOMP
stomp.listeners.ssl.1 = 127.0.0.1:$STOMPS
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = $WS
web_stomp.ssl.ip = 127.0.0.1
web_stomp.ssl.port = $WSS
web_stomp.ssl.cacertfile = $folder/ca.pem
web_stomp.ssl.certfile = $folder/server.pem
web_stomp.ssl.keyfile = $folder/server.key
ssl_options.cacertfile = $folder/ca.pem
ssl_options.certfile = $folder/server.pem
ssl_options.keyfile = $folder/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
load_definitions = $folder/definitions.json
log.console = true
log.file = false
END
cat >definitions.json <<'END'
{
  "vhosts": [{ "name": "/" }, { "name": "orders" }],
  "users": [
    { "name": "guest", "password_hash": "AQIDBEMMOXwY6PKx/JKP9PAqfsb4ozuD0Ta3pxxa9gEYBMmD", "tags": "administrator" },
    { "name": "alice", "password_hash": "AQIDBB6ILOINMfzSMzTRxq0O3zV3NQMyYEp9FUdQuY0V4sKt", "tags": "" }
  ],
  "permissions": [
    { "user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*" },
    { "user": "guest", "vhost": "orders", "configure": ".*", "write": ".*", "read": ".*" },
    { "user": "alice", "vhost": "orders", "configure": ".*", "write": ".*", "read": ".*" }
  ]
}
END
echo '[rabbitmq_stomp,rabbitmq_web_stomp].' >enabled_plugins
: >environment

export HOME="$folder" \
    RABBITMQ_CONF_ENV_FILE="$folder/environment" \
    RABBITMQ_NODENAME=stomptap@localhost \
    RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins" \
    RABBITMQ_MNESIA_BASE="$folder/mnesia" \
    RABBITMQ_LOG_BASE="$folder" \
    RABBITMQ_PID_FILE="$folder/rabbitmq.pid" \
    RABBITMQ_DIST_PORT="$DISTRIBUTION" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
    ERL_EPMD_PORT="$EPMD" \
    ERL_EPMD_ADDRESS=127.0.0.1

epmd -address 127.0.0.1 -port "$EPMD" &
epmd=$!
# The wrapper on the PATH becomes another user, who cannot write here.
/usr/lib/rabbitmq/bin/rabbitmq-server &
server=$!
trap 'kill -TERM "$server"' TERM
wait "$server" || :
# Again, since the signal ends the first wait.
wait "$server" || :
kill "$epmd"
