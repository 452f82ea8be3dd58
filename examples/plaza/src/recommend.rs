//! The reference recommender: by interests where the person lets us, by time where not.
//!
//! Keeps promise 2.2: what it is made from is exactly what Avouch gave for this answer, and it says why a post is where
//! it is. Nothing is remembered between two answers.

use crate::avouch::Post;

/// A post with the topic that brought it up, where one did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The post.
    pub(crate) post: Post,
    /// The topic it shares with the person's interests.
    pub(crate) topic: Option<String>,
}

/// The topics of what people wrote of their interests: words between commas, in lower case.
pub(crate) fn topics<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut topics: Vec<String> = values
        .into_iter()
        .flat_map(|value| value.split([',', '，', '、', ';', '；', '\n']))
        .map(|topic| topic.trim().to_lowercase())
        .filter(|topic| !topic.is_empty())
        .collect();
    topics.sort();
    topics.dedup();
    topics
}

/// Posts that share a topic first, the order of time among equals; without topics, the order of time alone.
pub(crate) fn place(posts: Vec<Post>, topics: &[String]) -> Vec<Placed> {
    let mut placed: Vec<Placed> = posts
        .into_iter()
        .map(|post| {
            let text = post.value.to_lowercase();
            let topic = topics.iter().find(|topic| text.contains(topic.as_str())).cloned();
            Placed { post, topic }
        })
        .collect();
    // Stable: the newest stays first among those alike.
    placed.sort_by_key(|p| p.topic.is_none());
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(id: &str, value: &str) -> Post {
        Post { id: id.into(), at: String::new(), author: None, item: "text".into(), value: value.into(), parent: None }
    }

    fn order(topics: &[&str]) -> Vec<String> {
        let posts = vec![post("3", "Rain again."), post("2", "Green TEA today"), post("1", "tea and chess")];
        let topics: Vec<String> = topics.iter().map(|t| (*t).to_owned()).collect();
        place(posts, &topics).into_iter().map(|p| p.post.id).collect()
    }

    #[test]
    fn promise_2_2_without_topics_the_newest_is_first() {
        assert_eq!(order(&[]), ["3", "2", "1"]);
    }

    #[test]
    fn promise_2_2_what_shares_a_topic_comes_first_and_the_newest_of_it_before() {
        assert_eq!(order(&["tea"]), ["2", "1", "3"]);
        assert_eq!(order(&["chess"]), ["1", "3", "2"]);
    }

    #[test]
    fn topics_are_the_words_between_commas() {
        assert_eq!(topics(["Tea, hiking", "茶，Tea", " "]), ["hiking", "tea", "茶"]);
    }
}
