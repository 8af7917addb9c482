// STOMPBroker
