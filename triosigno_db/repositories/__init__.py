"""What a service can do: functions, one file per part of the domain."""
