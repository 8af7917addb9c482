#!/bin/sh
# Runs an ActiveMQ Classic of its own in the folder named, until TERM; it keeps nothing on disk.
#
# The environment gives its ports: STOMP and STOMPS. Nobody need log in, but who does must be system/manager.

set -eu
folder=$1
sh "$(dirname "$0")/certificates.sh" "$folder"
cd "$folder"
[ -e server.p12 ] || openssl pkcs12 -export -in server.pem -inkey server.key -out server.p12 -passout pass:secret

cat >activemq.xml <<END
<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://www.springframework.org/schema/beans
                           http://www.springframework.org/schema/beans/spring-beans.xsd
                           http://activemq.apache.org/schema/core
                           http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="stomptap" persistent="false" useJmx="false"
          schedulerSupport="false" dataDirectory="$folder/data" tmpDataDirectory="$folder/tmp">
    <plugins>
      <simpleAuthenticationPlugin anonymousAccessAllowed="true">
        <users>
          <authenticationUser username="system" password="manager" groups="users,admins"/>
        </users>
      </simpleAuthenticationPlugin>
    </plugins>
    <sslContext>
      <sslContext keyStore="file:$folder/server.p12" keyStoreType="PKCS12" keyStorePassword="secret"/>
    </sslContext>
    <systemUsage>
      <systemUsage>
        <memoryUsage><memoryUsage limit="128 mb"/></memoryUsage>
        <storeUsage><storeUsage limit="64 mb"/></storeUsage>
        <tempUsage><tempUsage limit="64 mb"/></tempUsage>
      </systemUsage>
    </systemUsage>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:$STOMP"/>
      <transportConnector name="stomp+ssl" uri="stomp+ssl://127.0.0.1:$STOMPS"/>
    </transportConnectors>
  </broker>
</beans>
END
cat >log4j.properties <<'END'
log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %-5p %m%n
END

lib=/usr/share/activemq/lib
classes=$folder:$lib/*
for jar in "$lib"/optional/spring3-*.jar "$lib"/optional/activemq-spring.jar "$lib"/optional/xbean-spring.jar \
    "$lib"/optional/slf4j-log4j12.jar "$lib"/optional/log4j-1.2.jar; do
    classes=$classes:$jar
done
exec java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.io.tmpdir="$folder" \
    -Dactivemq.home="$folder" -Dactivemq.base="$folder" -Dactivemq.data="$folder/data" \
    -cp "$classes" org.apache.activemq.console.Main start xbean:file:"$folder/activemq.xml"
