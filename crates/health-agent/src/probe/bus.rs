//! The system's D-Bus.

use std::collections::HashMap;
use std::time::Duration;

use zbus::connection::Builder;
use zbus::{Connection, DBusError, Error, OwnedVariant};

use crate::facts::Answer;

/// A connection on which every call ends in time.
#[derive(Debug, Clone)]
pub(crate) struct Bus {
    connection: Connection,
}

/// An object that has properties.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a> {
    /// Whose: `org.freedesktop.systemd1`.
    pub(crate) service: &'a str,
    pub(crate) path: &'a str,
    pub(crate) interface: &'a str,
}

/// What an object has told of one interface.
#[derive(Debug)]
pub(crate) struct Properties {
    /// Of which object.
    path: String,
    values: HashMap<String, OwnedVariant>,
}

impl Properties {
    /// One of them, which is gone then. An error names it.
    pub(crate) fn take<T>(&mut self, property: &str) -> Answer<T>
    where
        T: TryFrom<OwnedVariant, Error = Error>,
    {
        let path = &self.path;
        let value = self
            .values
            .remove(property)
            .ok_or_else(|| format!("{path} has no {property}"))?;
        T::try_from(value).map_err(|error| format!("{property} of {path} is of another type: {}", why(error)))
    }
}

impl Bus {
    /// The bus of the system, or the one that `DBUS_SYSTEM_BUS_ADDRESS` names. `timeout` is for each call.
    pub(crate) async fn system(timeout: Duration) -> Answer<Self> {
        Self::connect(Builder::system(), timeout).await
    }

    pub(crate) async fn connect(builder: Builder<'_>, timeout: Duration) -> Answer<Self> {
        let connecting = builder.method_timeout(timeout).build();
        match tokio::time::timeout(timeout, connecting).await {
            Ok(Ok(connection)) => Ok(Self { connection }),
            Ok(Err(error)) => Err(format!("the system's D-Bus cannot be reached: {}", why(error))),
            Err(_) => Err("the system's D-Bus did not answer in time".to_owned()),
        }
    }

    /// One property. An error names it.
    pub(crate) async fn get<T>(&self, object: Object<'_>, property: &str) -> Answer<T>
    where
        T: TryFrom<OwnedVariant, Error = Error>,
    {
        let Object {
            service,
            path,
            interface,
        } = object;
        let properties = Object {
            interface: "org.freedesktop.DBus.Properties",
            ..object
        };
        let value: OwnedVariant = self
            .call(properties, "Get", &(interface, property))
            .await
            .map_err(|error| format!("{service} does not tell {property} of {path}: {error}"))?;
        T::try_from(value).map_err(|error| format!("{property} of {path} is of another type: {}", why(error)))
    }

    /// All properties of one interface: one question, and an answer that is of one moment.
    pub(crate) async fn all(&self, object: Object<'_>) -> Answer<Properties> {
        let Object {
            service,
            path,
            interface,
        } = object;
        let properties = Object {
            interface: "org.freedesktop.DBus.Properties",
            ..object
        };
        let values = self
            .call(properties, "GetAll", &(interface,))
            .await
            .map_err(|error| format!("{service} tells nothing of {path}: {error}"))?;
        Ok(Properties {
            path: path.to_owned(),
            values,
        })
    }

    /// One call of a method.
    pub(crate) async fn call<B, T>(&self, object: Object<'_>, method: &str, body: &B) -> Answer<T>
    where
        B: serde::Serialize + zbus::DynamicType,
        T: serde::de::DeserializeOwned + zbus::Type,
    {
        let Object {
            service,
            path,
            interface,
        } = object;
        let reply = self
            .connection
            .call_method(Some(service), path, Some(interface), method, body)
            .await
            .map_err(why)?;
        reply.body().deserialize().map_err(why)
    }
}

/// What happened, without the name of the error's type.
fn why(error: Error) -> String {
    match error {
        Error::MethodError(name, None, _) => name.to_string(),
        Error::MethodError(_, Some(said), _) => said,
        Error::FDO(error) => error
            .description()
            .map_or_else(|| error.name().to_string(), str::to_owned),
        Error::InputOutput(error) => error.to_string(),
        other => other.to_string(),
    }
}
