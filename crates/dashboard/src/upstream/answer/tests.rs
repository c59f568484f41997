use super::*;

const OVER: Resolution = Resolution {
    start: 1000,
    end: 1030,
    step: 10,
    window: 40,
};

fn labels(environment: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("environment".to_owned(), environment.to_owned())])
}

#[test]
fn vectors() {
    let body = br#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"environment":"prod"},"value":[1000.5,"0.25"]},
        {"metric":{"environment":"dev"},"value":[1000.5,"NaN"]},
        {"metric":{"environment":"qa"},"value":[1000.5,"+Inf"]},
        {"metric":{"environment":"native"},"histogram":[1000.5,{}]}]},"warnings":["1 of 2 stores answered"]}"#;
    let found = vector(body).unwrap();
    assert_eq!(
        found.result,
        [Sample {
            labels: labels("prod"),
            value: 0.25
        }]
    );
    assert_eq!(found.warnings, ["1 of 2 stores answered"]);
}

#[test]
fn matrices_fill_every_step() {
    let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"environment":"prod"},"values":[[1000,"1"],[1010,"NaN"],[1030,"2.5"],[1040,"9"]]},
        {"metric":{"environment":"dev"}}]}}"#;
    let found = matrix(body, &OVER).unwrap();
    assert_eq!(
        found.result,
        [
            Series {
                labels: labels("prod"),
                values: vec![Some(1.0), None, None, Some(2.5)]
            },
            Series {
                labels: labels("dev"),
                values: vec![None; 4]
            },
        ]
    );
}

#[test]
fn what_is_no_result() {
    let vector_of = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let rows = [
        ("<html>", "expected value at line 1 column 1"),
        ("", "EOF while parsing a value at line 1 column 0"),
        (r#"{"status":"success"}"#, "it has no data"),
        (
            r#"{"status":"error","errorType":"internal","error":"broken block"}"#,
            "broken block",
        ),
        (vector_of, "a matrix was asked for"),
    ];
    for (body, expected) in rows {
        let error = matrix(body.as_bytes(), &OVER).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("answered what is no query result: {expected}"),
            "{body}"
        );
    }
}

#[test]
fn refusals() {
    let body = br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    assert_eq!(
        refusal(body),
        Some(Refusal {
            message: "parse error".to_owned(),
            timed_out: false
        })
    );
    let body =
        br#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
    assert!(refusal(body).unwrap().timed_out);
    assert_eq!(refusal(b"Service Unavailable"), None);
}
